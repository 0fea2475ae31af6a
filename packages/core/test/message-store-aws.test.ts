import { afterAll } from '@jest/globals';
import { describeMessageStore, describeMessageStoreSequences } from '@millrace/core/testing';
import { closeInstances, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

const few = { maxCommands: 25 };
describeMessageStore('DynamoDB, SQS and S3', openAwsHarness, few);
describeMessageStoreSequences(
  'DynamoDB, SQS and S3, with a queue that repeats, shuffles and hands out what was deleted,',
  () => openAwsHarness({ queueShards: 2, disorder: true }),
  { ...few, workers: 3 },
);
