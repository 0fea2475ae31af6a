import { describeObjectWriter } from '@millrace/core/testing';
import { openFileHarness } from './support/file-store-harness.ts';
import { openS3Harness, useS3Server } from './support/s3-harness.ts';

const s3 = useS3Server();

describeObjectWriter('A folder', openFileHarness);
describeObjectWriter('S3', () => openS3Harness(s3().client, 'data/é '));
