import { describeKeyStore, type KeyStoreHarness } from '@millrace/core/testing';
import { openSqliteHarness } from './support/sqlite-harness.ts';

async function openKeys(thread: boolean): Promise<KeyStoreHarness> {
  const harness = await openSqliteHarness({ thread });
  return {
    get keys() {
      return harness.store.keys;
    },
    restart: () => harness.restart(),
    close: () => harness.close(),
  };
}

describeKeyStore('SQLite on the caller’s thread', () => openKeys(false));
describeKeyStore('SQLite on a thread of its own', () => openKeys(true));
