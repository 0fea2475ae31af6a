/**
 * `ObjectStore` and `ObjectWriter` in a folder whose files lie at the paths that their keys are, for other programs to
 * read: one owner at a time, in whatever process.
 */

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { DataFolderError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { explainingFiles, hasCode } from './file-errors.ts';
import { type FileObjectStore, openFileObjectStore } from './file-object-store.ts';
import { isThere, makeFolder } from './file-root.ts';
import { lockFolder } from './folder-lock.ts';
import { VISIBLE_LAYOUT } from './plain-layout.ts';

export interface PlainObjectStore extends FileObjectStore {
  /** Lets others have the folder. Nothing may be under way. */
  close(): void;
}

export interface PlainObjectStoreOptions {
  /** Made when it does not exist. */
  readonly folder: string;
  readonly clock?: Clock;
}

/** @throws FolderInUseError while another has it; DataFolderError, ObjectStoreUnavailableError */
export async function openPlainObjectStore(options: PlainObjectStoreOptions): Promise<PlainObjectStore> {
  const folder = path.resolve(options.folder);
  await explainingFiles('open', folder, () => makeFolder(folder));
  const lock = lockFolder(folder);
  try {
    const store = await openFileObjectStore({ ...options, folder, layout: VISIBLE_LAYOUT });
    const foldsCapitals = await isThere(path.join(folder, '.TMP'));
    return { ...(foldsCapitals ? mindingCapitals(store, await realpath(folder)) : store), close: lock.release };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** On a disk that takes `A` and `a` for one name, the second of two keys that it takes for one is refused. */
function mindingCapitals(store: FileObjectStore, root: string): FileObjectStore {
  const guarding =
    <Rest extends readonly unknown[], T>(call: (key: string, ...rest: Rest) => Promise<T>) =>
    async (key: string, ...rest: Rest): Promise<T> => {
      await assertOwnSpelling(root, key);
      return await call(key, ...rest);
    };
  return {
    list: store.list,
    get: guarding(store.get),
    head: guarding(store.head),
    put: guarding(store.put),
    delete: guarding(store.delete),
    splice: guarding(store.splice),
    putChunks: guarding(store.putChunks),
  };
}

async function assertOwnSpelling(root: string, key: string): Promise<void> {
  const names = key.split('/');
  for (let count = names.length; count > 0; count -= 1) {
    const asked = path.join(root, ...names.slice(0, count));
    const actual = await spellingOf(asked);
    if (actual === asked) return;
    if (actual === undefined) continue;
    throw new DataFolderError(
      `${key} and ${path.relative(root, actual)} are one on this disk, which does not tell capitals apart: use another`,
    );
  }
}

async function spellingOf(file: string): Promise<string | undefined> {
  try {
    return await realpath(file);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
