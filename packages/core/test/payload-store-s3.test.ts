import { describePayloadStore } from '@millrace/core/testing';
import { useS3Server } from './support/s3-harness.ts';
import { openS3PayloadHarness } from './support/s3-payload-harness.ts';

const s3 = useS3Server();

describePayloadStore('S3', () => openS3PayloadHarness(s3().client));
