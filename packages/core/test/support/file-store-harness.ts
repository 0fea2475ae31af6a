import { rm } from 'node:fs/promises';
import { openFileObjectStore } from '@millrace/core/sqlite';
import type { ObjectStoreHarness } from '@millrace/core/testing';
import { makeFolder } from './sqlite-harness.ts';

export interface FileStoreHarness extends ObjectStoreHarness {
  readonly folder: string;
}

/** A store in a folder of its own; `close` removes the folder. */
export async function openFileHarness(): Promise<FileStoreHarness> {
  const folder = await makeFolder();
  let store = await openFileObjectStore({ folder });
  return {
    get store() {
      return store;
    },
    folder,
    async restart() {
      store = await openFileObjectStore({ folder });
    },
    close: () => rm(folder, { recursive: true }),
  };
}
