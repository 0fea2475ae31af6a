import { jest } from '@jest/globals';
import { describeObjectWriter, RACING_COMPLETIONS } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { openS3Harness } from '../support/s3-harness.ts';
import { NO_SLASHES_ALONE, renamed, renamedWriter } from './support/renamed-objects.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

/** It answers success to each of three CompleteMultipartUpload with `If-None-Match: *` that are sent at once. */
const LACKS = [RACING_COMPLETIONS];

describeObjectWriter(
  'S3 of LocalStack',
  async () => {
    const harness = await openS3Harness(clients().s3);
    const { store, writer } = harness;
    return { ...harness, store: renamed(store, NO_SLASHES_ALONE), writer: renamedWriter(writer, NO_SLASHES_ALONE) };
  },
  LACKS,
);
