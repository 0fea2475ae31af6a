import { jest } from '@jest/globals';
import { describePayloadStore } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { openS3PayloadHarness } from '../support/s3-payload-harness.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

describePayloadStore('S3 of LocalStack', () => openS3PayloadHarness(clients().s3));
