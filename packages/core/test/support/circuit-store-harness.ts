import { type AwsClients, createDynamoCircuitStore } from '@millrace/core/aws';
import type { CircuitStoreHarness, ManualClock } from '@millrace/core/testing';

/** The store on a table of AWS or what stands for it. */
export function createCircuitStoreHarness(
  table: { readonly clients: Pick<AwsClients, 'dynamodb'>; readonly clock: ManualClock; close(): Promise<void> },
  tableName: string,
): CircuitStoreHarness {
  const { clients, clock } = table;
  const open = () => createDynamoCircuitStore({ client: clients.dynamodb, tableName, clock });
  let store = open();
  return {
    get store() {
      return store;
    },
    clock,
    restart() {
      store = open();
      return Promise.resolve();
    },
    close: () => table.close(),
  };
}
