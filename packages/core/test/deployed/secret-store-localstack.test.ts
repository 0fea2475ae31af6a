import { jest } from '@jest/globals';
import { describeSecretStore, RACING_CREATORS } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { openAwsSecretHarness } from '../support/secret-store-harness.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

/**
 * Its SSM looks whether a parameter is there and adds it in two steps: now and then it answers success, with the same
 * version, to two PutParameter without `Overwrite` that are sent at once.
 */
const LACKS = { ssm: [RACING_CREATORS], 'secrets-manager': [] };

for (const backend of ['ssm', 'secrets-manager'] as const) {
  const open = () => Promise.resolve(openAwsSecretHarness(clients(), backend));
  describeSecretStore(`${backend} of LocalStack`, open, LACKS[backend]);
}
