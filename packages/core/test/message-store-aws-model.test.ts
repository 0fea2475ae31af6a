import { afterAll } from '@jest/globals';
import { describeMessageStoreSequences } from '@millrace/core/testing';
import { closeInstances, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

describeMessageStoreSequences('DynamoDB, SQS and S3', openAwsHarness, { maxCommands: 18 });
