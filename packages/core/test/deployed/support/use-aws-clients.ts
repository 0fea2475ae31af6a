import { afterAll, beforeAll } from '@jest/globals';
import { type AwsClients, createAwsClients } from '@millrace/core/aws';
import type { LocalStack } from '@millrace/core/testing/localstack';

/** Clients of a LocalStack, as a program has them, for all tests of the surrounding `describe` or file. */
export function useAwsClients(localStack: () => LocalStack): () => AwsClients {
  let clients: AwsClients | undefined;
  beforeAll(() => {
    clients = createAwsClients(localStack().config);
  });
  afterAll(() => {
    for (const client of Object.values(clients ?? {})) client.destroy();
  });
  return () => {
    if (clients === undefined) throw new Error('there are clients only while tests run');
    return clients;
  };
}
