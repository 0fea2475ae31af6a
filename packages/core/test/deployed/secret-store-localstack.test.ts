import { jest } from '@jest/globals';
import { describeSecretStore } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { openAwsSecretHarness } from '../support/secret-store-harness.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

for (const backend of ['ssm', 'secrets-manager'] as const) {
  describeSecretStore(`${backend} of LocalStack`, () => Promise.resolve(openAwsSecretHarness(clients(), backend)));
}
