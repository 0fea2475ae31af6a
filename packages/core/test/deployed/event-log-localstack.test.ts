import { jest } from '@jest/globals';
import { createObjectEventLog } from '@millrace/core';
import { describeEventLog } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { openS3Harness } from '../support/s3-harness.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

describeEventLog('S3 of LocalStack', async () => {
  const { store, close } = await openS3Harness(clients().s3);
  return { log: createObjectEventLog(store), objects: store, close };
});
