import { afterAll } from '@jest/globals';
import { describeMessageStoreSequences } from '@millrace/core/testing';
import { closeInstances, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

describeMessageStoreSequences(
  'DynamoDB, SQS and S3, with queues that repeat, shuffle and hand out what was deleted,',
  () => openAwsHarness({ queueShards: 2, disorder: true }),
  { maxCommands: 18, workers: 3 },
);
