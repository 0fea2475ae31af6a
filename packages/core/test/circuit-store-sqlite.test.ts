import { type CircuitStoreHarness, describeCircuitStore } from '@millrace/core/testing';
import { openSqliteHarness } from './support/sqlite-harness.ts';

async function openHarness(thread: boolean): Promise<CircuitStoreHarness> {
  const harness = await openSqliteHarness({ thread });
  return {
    get store() {
      return harness.store.circuits;
    },
    clock: harness.clock,
    restart: () => harness.restart(),
    close: () => harness.close(),
  };
}

describeCircuitStore('SQLite on the caller’s thread', () => openHarness(false));
describeCircuitStore('SQLite on a thread of its own', () => openHarness(true));
