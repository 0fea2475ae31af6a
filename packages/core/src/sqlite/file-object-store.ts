/** `ObjectStore` and `ObjectWriter` in a folder of files, one for each object, with the object's bytes and nothing else in it. */

import type { Stats } from 'node:fs';
import { type FileHandle, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { DataFolderError } from '../errors.ts';
import { createKeyLocks } from '../key-locks.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import {
  assertByteRange,
  assertObjectKey,
  assertObjectQuery,
  type ObjectInfo,
  type ObjectStore,
  PreconditionFailedError,
  type PutCondition,
} from '../ports/object-store.ts';
import { assertObjectSplice, type ObjectWriter, splicedTooMuch } from '../ports/object-writer.ts';
import { explainingFiles, hasCode } from './file-errors.ts';
import { createFileEtags, etagOfBytes } from './file-etags.ts';
import { ESCAPED_LAYOUT, type FileLayout, fromByteString, toByteString } from './file-layout.ts';
import { walkFiles } from './file-listing.ts';
import { infoOf, openToRead, readObjectFile } from './file-object-reads.ts';
import { hashed, orChunksError, readFirst } from './file-object-writer.ts';
import { readPage } from './file-page.ts';
import { isThere, makeRoot } from './file-root.ts';
import { createFileTree, syncRemoval } from './file-tree.ts';
import { createFileWriter } from './file-writer.ts';

export interface FileObjectStore extends ObjectStore, ObjectWriter {}

export interface FileObjectStoreOptions {
  /** Made when it does not exist. The caller owns it: no other process may use it, nor a second store of this one. */
  readonly folder: string;
  readonly clock?: Clock;
  /** Default: one that takes every key. */
  readonly layout?: FileLayout;
}

/**
 * Opens a folder of objects, and removes what a crash left half-written.
 *
 * A list of objects that this process has not written reads their bytes once, for their ETags. A splice reads and
 * writes all bytes of its object: its ETag is the hash of them.
 * @throws DataFolderError, ObjectStoreUnavailableError
 */
export async function openFileObjectStore(options: FileObjectStoreOptions): Promise<FileObjectStore> {
  const root = path.resolve(options.folder);
  const { layout = ESCAPED_LAYOUT } = options;
  const scratch = await explainingFiles('open', root, () => makeRoot(root));
  const tree = createFileTree(root);
  const writer = createFileWriter(scratch, tree, options.clock ?? systemClock);
  const etags = createFileEtags();
  const locks = createKeyLocks();

  /** Does something to the file of an object. */
  const using = <T>(action: string, key: string, work: (file: string) => Promise<T>): Promise<T> =>
    explainingFiles(action, key, () => {
      assertObjectKey(key);
      const { folders, file } = layout.placeOf(toByteString(key));
      return work(path.join(root, ...folders, file));
    });

  /** Only a folder that is there can say that an object is not. */
  const missing = async (): Promise<undefined> => {
    if (await isThere(scratch)) return undefined;
    throw new DataFolderError(`the folder ${root} is gone: put it back (or mount its disk) and start again`);
  };

  const read = async <T>(
    file: string,
    reading: (handle: FileHandle, stats: Stats) => Promise<T>,
  ): Promise<T | undefined> => {
    const handle = await openToRead(file);
    if (handle === undefined) return missing();
    try {
      return await reading(handle, await handle.stat());
    } finally {
      await handle.close();
    }
  };

  const look = (key: string, file: string): Promise<ObjectInfo | undefined> =>
    read(file, async (handle, stats) => infoOf(key, stats, await etags.of(file, stats, handle)));

  return {
    get: (key, { range = { start: 0 } } = {}) =>
      using('read', key, (file) => {
        assertByteRange(range);
        return read(file, (handle) => readObjectFile({ key, file, range }, handle, etags));
      }),

    head: (key) => using('read', key, (file) => look(key, file)),

    put: (key, bytes, { condition } = {}) =>
      using('write', key, (file) =>
        locks.run(file, async () => {
          if (condition !== undefined) assertCondition(key, condition, await look(key, file));
          const etag = etagOfBytes(bytes);
          await writer.write(bytes, file);
          etags.remember(file, await stat(file), etag);
          return { etag };
        }),
      ),

    splice: (key, { etag, keep, tail }) =>
      using('write', key, (file) =>
        locks.run(file, async () => {
          assertObjectSplice({ etag, keep, tail });
          const condition = { kind: 'unchanged', etag } as const;
          const written = await read(file, async (handle, stats) => {
            assertCondition(key, condition, infoOf(key, stats, await etags.of(file, stats, handle)));
            if (stats.size < keep) throw splicedTooMuch(key, keep, stats.size);
            const content = hashed(readFirst(handle, keep, tail));
            await writer.write(content.chunks, file);
            etags.remember(file, await stat(file), content.etag());
            return { etag: content.etag() };
          });
          if (written === undefined) throw new PreconditionFailedError(key, condition);
          return written;
        }),
      ),

    putChunks: (key, chunks, { condition } = {}) =>
      orChunksError(chunks, (source) =>
        using('write', key, async (file) => {
          const content = hashed(source);
          // Chunks may take their time: others may write meanwhile.
          await writer.write(content.chunks, file, (place) =>
            locks.run(file, async () => {
              if (condition !== undefined) assertCondition(key, condition, await look(key, file));
              await place();
              etags.remember(file, await stat(file), content.etag());
            }),
          );
          return { etag: content.etag() };
        }),
      ),

    delete: (key) =>
      using('delete', key, (file) =>
        locks.run(file, async () => {
          etags.forget(file);
          try {
            await unlink(file);
          } catch (error) {
            if (hasCode(error, 'ENOENT')) return missing();
            throw error;
          }
          await syncRemoval(path.dirname(file));
          await tree.prune(path.dirname(file));
        }),
      ),

    list: (query) =>
      explainingFiles('list', root, async () => {
        assertObjectQuery(query);
        const { prefix = '', startAfter = '', limit } = query;
        const files = walkFiles({
          root,
          layout,
          prefix: toByteString(prefix),
          startAfter: toByteString(startAfter),
          limit: limit + 1,
        });
        const page = await readPage(files, limit, ({ key, file }) => look(fromByteString(key), file));
        if (page.objects.length === 0) await missing();
        return page;
      }),
  };
}

function assertCondition(key: string, condition: PutCondition, present: ObjectInfo | undefined): void {
  const holds = condition.kind === 'absent' ? present === undefined : present?.etag === condition.etag;
  if (!holds) throw new PreconditionFailedError(key, condition);
}
