import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openFileObjectStore } from '@millrace/core/sqlite';
import type { ObjectWriterHarness } from '@millrace/core/testing';
import { makeFolder } from './sqlite-harness.ts';

export interface FileStoreHarness extends ObjectWriterHarness {
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
    get writer() {
      return store;
    },
    leftovers: () => readdir(path.join(folder, '.tmp')),
    folder,
    async restart() {
      store = await openFileObjectStore({ folder });
    },
    close: () => rm(folder, { recursive: true }),
  };
}
