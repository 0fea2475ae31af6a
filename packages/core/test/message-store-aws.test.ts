import { afterAll } from '@jest/globals';
import { describeMessageStoreExamples } from '@millrace/core/testing';
import { closeInstances, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

describeMessageStoreExamples('DynamoDB, SQS and S3', openAwsHarness);
