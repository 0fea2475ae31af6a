import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from '@millrace/core/sqlite';
import { createManualClock, type ManualClock, type MessageStoreHarness } from '@millrace/core/testing';

export interface SqliteHarness extends MessageStoreHarness {
  readonly store: SqliteStore;
  readonly folder: string;
}

/** A new folder for one test; the caller removes it. */
export function makeFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'millrace-test-'));
}

/** A store in a folder of its own, under a clock that the test moves; `close` removes the folder. */
export async function openSqliteHarness(
  { handOff = false, ...options }: Omit<SqliteStoreOptions, 'folder' | 'clock'> & { handOff?: boolean } = {},
  clock: ManualClock = createManualClock(),
): Promise<SqliteHarness> {
  const folder = await makeFolder();
  const open = async (): Promise<SqliteStore> => {
    const opened = await openSqliteStore({ thread: false, ...options, folder, clock });
    // Only who listens for work is handed new messages without asking the database.
    if (handOff) opened.onWork(() => undefined);
    return opened;
  };
  let store = await open();

  return {
    get store() {
      return store;
    },
    traits: { listsEveryStatus: true, findsEverySender: true, countsForgotten: true, entriesLast: true },
    clock,
    folder,
    receive: async (limit) => (await store.take(limit)).entries,
    // The row is the entry: nothing is added by a copy.
    copy: () => Promise.resolve(),
    // The row is the entry: nothing is left to acknowledge.
    acknowledge: () => Promise.resolve(),
    leave: (entries) => store.release(entries),
    async restart() {
      await store.close();
      store = await open();
    },
    async close() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
