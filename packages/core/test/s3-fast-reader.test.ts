import { describeObjectStore } from '@millrace/core/testing';
import { openFastS3Harness, useS3Server } from './support/s3-harness.ts';

const s3 = useS3Server();

describeObjectStore('S3 with the fast reader', () => openFastS3Harness(s3().client));
