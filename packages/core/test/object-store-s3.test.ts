import { describeObjectStore } from '@millrace/core/testing';
import { openS3Harness, useS3Server } from './support/s3-harness.ts';

const s3 = useS3Server();

describeObjectStore('S3', () => openS3Harness(s3().client));
