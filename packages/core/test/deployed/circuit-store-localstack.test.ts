import { jest } from '@jest/globals';
import { createManualClock, describeCircuitStore, uniqueId } from '@millrace/core/testing';
import { createCircuitsTable } from '@millrace/core/testing/aws';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { createCircuitStoreHarness } from '../support/circuit-store-harness.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(60_000);

const clients = useAwsClients(useLocalStack({ dynamodb: true }));

describeCircuitStore('DynamoDB of LocalStack', async () => {
  const tableName = uniqueId('circuits');
  await createCircuitsTable(clients().dynamodb, tableName);
  const clock = createManualClock();
  return createCircuitStoreHarness({ clients: clients(), clock, close: () => Promise.resolve() }, tableName);
});
