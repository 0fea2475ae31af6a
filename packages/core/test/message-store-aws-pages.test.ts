import { afterAll } from '@jest/globals';
import { describeMessageStorePages } from '@millrace/core/testing';
import { closeInstances, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

describeMessageStorePages('DynamoDB, SQS and S3', openAwsHarness);
