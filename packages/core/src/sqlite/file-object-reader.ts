/**
 * The objects of a folder that is somebody else's: read as they are, and nothing is ever written, made or removed there.
 *
 * The ETag of an object is the hash of its bytes, so that a folder that was copied or touched has no new objects in it.
 * What cannot be read as a file is listed all the same, and is an error only when it is asked for: a link that leads out
 * of the folder or to another folder, a pipe, a name that is not UTF-8.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DataFolderError } from '../errors.ts';
import {
  assertByteRange,
  assertObjectKey,
  assertObjectQuery,
  type ByteRange,
  type ObjectInfo,
  type ObjectStore,
  type StoredObject,
} from '../ports/object-store.ts';
import { explainingFiles, hasCode } from './file-errors.ts';
import { createFileEtags, etagOfBytes } from './file-etags.ts';
import { type FileLayout, fromByteString, toByteString } from './file-layout.ts';
import { type FoundFile, walkFiles } from './file-listing.ts';
import { infoOf, readObjectFile } from './file-object-reads.ts';
import { createResumedPages } from './file-page.ts';
import { isThere } from './file-root.ts';

export type FileObjectReader = Pick<ObjectStore, 'get' | 'head' | 'list'>;

export interface FileObjectReaderOptions {
  readonly folder: string;
  readonly layout: FileLayout;
}

/** A name that is not UTF-8 reads with this in place of what is wrong. */
const REPLACEMENT = '\u{fffd}';
/** Files up to here are read while everything waits: for small ones that takes a seventh of the processor's time. */
const SMALL_BYTES = 128 * 1_024;
/** What another program puts in place of a file just now must not lead elsewhere, nor hold this one up. */
const READ_PLAIN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Listing reads the bytes of all objects, for their ETags. Pages that follow one another go through each folder once.
 * @throws DataFolderError when there is no such folder
 */
export async function openFileObjectReader({ folder, layout }: FileObjectReaderOptions): Promise<FileObjectReader> {
  const root = await explainingFiles('open', folder, () => findRoot(folder));
  const etags = createFileEtags();

  const using = <T>(action: string, key: string, work: (file: string) => Promise<T>): Promise<T> =>
    explainingFiles(action, key, async () => {
      assertObjectKey(key);
      const { folders, file } = layout.placeOf(toByteString(key));
      // What is read at once must not keep signals and timers waiting.
      await setImmediate();
      return await work(path.join(root, ...folders, file));
    });

  const missing = async (): Promise<undefined> => {
    if (await isThere(root)) return undefined;
    throw new DataFolderError(`the folder ${root} is gone: put it back, or mount its disk`);
  };

  /** The object at a path, undefined when there is none; without a range, its bytes only when they were read anyway. */
  const read = async (key: string, place: FilePlace, range?: ByteRange): Promise<StoredObject | undefined> => {
    if (place.stats.size <= SMALL_BYTES) {
      const small = readSmallFile(place.file);
      if (small !== undefined) {
        const { start = 0, end } = range ?? {};
        return { ...infoOf(key, small.stats, etagOfBytes(small.bytes)), bytes: small.bytes.subarray(start, end) };
      }
    }
    const handle = await open(place.file, READ_PLAIN_FILE);
    try {
      const asked = range ?? { start: place.stats.size };
      return await readObjectFile({ key, file: place.file, range: asked }, handle, etags);
    } finally {
      await handle.close();
    }
  };

  const look = async (key: string, file: string): Promise<ObjectInfo | undefined> => {
    const place = await findFile(root, file);
    if (place.kind === 'missing') return undefined;
    if (place.kind === 'unreadable') return infoOf(key, place.stats, etagOfBytes(Buffer.from(place.problem)));
    const object = await orMissing(() => read(key, place));
    if (object === undefined) return undefined;
    const { bytes: _, ...info } = object;
    return info;
  };

  const lookAtFound = async ({ key, file }: FoundFile): Promise<ObjectInfo | undefined> => {
    const name = fromByteString(key);
    const info = await look(name, file);
    if (info !== undefined || !name.includes(REPLACEMENT)) return info;
    return { key: name, size: 0, etag: etagOfBytes(Buffer.from(REPLACEMENT)), modifiedAt: 0 };
  };

  const pages = createResumedPages(
    ({ prefix, startAfter }) =>
      walkFiles({
        ...{ root, layout, limit: Number.POSITIVE_INFINITY },
        ...{ prefix: toByteString(prefix), startAfter: toByteString(startAfter) },
      }),
    lookAtFound,
  );

  return {
    get: (key, { range = { start: 0 } } = {}) =>
      using('read', key, async (file) => {
        assertByteRange(range);
        const place = await findFile(root, file);
        if (place.kind === 'unreadable') throw new DataFolderError(`${key} ${place.problem}`);
        const object = place.kind === 'file' ? await orMissing(() => read(key, place, range)) : undefined;
        if (object !== undefined) return object;
        if (key.includes(REPLACEMENT)) throw new DataFolderError(`${key} has a name that is not UTF-8: rename it`);
        return await missing();
      }),

    head: (key) => using('read', key, async (file) => (await look(key, file)) ?? (await missing())),

    list: (query) =>
      explainingFiles('list', root, async () => {
        assertObjectQuery(query);
        await setImmediate();
        const page = await pages(query);
        if (page.objects.length === 0) await missing();
        return page;
      }),
  };
}

async function findRoot(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await lstat(root)).isDirectory()) return root;
    throw new DataFolderError(`${folder} is not a folder`);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) throw new DataFolderError(`there is no folder ${folder}`);
    throw error;
  }
}

interface FilePlace {
  readonly kind: 'file';
  readonly file: string;
  readonly stats: Stats;
}

type FoundPlace =
  | FilePlace
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'unreadable';
      /** In words that follow its name. */
      readonly problem: string;
      readonly stats: Stats;
    };

async function findFile(root: string, file: string): Promise<FoundPlace> {
  const stats = statsOf(file);
  if (stats === undefined || stats.isDirectory()) return { kind: 'missing' };
  if (stats.isFile()) return { kind: 'file', file, stats };
  if (!stats.isSymbolicLink()) return { kind: 'unreadable', problem: 'is not a file', stats };
  const target = await orMissing(() => realpath(file));
  if (target === undefined) return { kind: 'unreadable', problem: 'is a link that leads nowhere', stats };
  if (!target.startsWith(root + path.sep)) {
    return { kind: 'unreadable', problem: `is a link that leads out of the folder, to ${target}: not followed`, stats };
  }
  const linked = await lstat(target);
  if (linked.isFile()) return { kind: 'file', file: target, stats: linked };
  return { kind: 'unreadable', problem: `is a link to ${target}, which is not a file: not followed`, stats };
}

function statsOf(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function orMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Undefined when it has grown meanwhile. */
function readSmallFile(file: string): { readonly bytes: Buffer; readonly stats: Stats } | undefined {
  const handle = openSync(file, READ_PLAIN_FILE);
  try {
    const stats = fstatSync(handle);
    if (stats.size > SMALL_BYTES) return undefined;
    const bytes = Buffer.allocUnsafe(stats.size);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(handle, bytes, done, bytes.length - done, done);
      if (count === 0) throw new DataFolderError('a file of the folder was cut short by another program');
      done += count;
    }
    return { bytes, stats };
  } finally {
    closeSync(handle);
  }
}
