/**
 * The objects of a folder that is somebody else's: read as they are, and nothing is ever written, made or removed there.
 *
 * The ETag of an object is the hash of its bytes, so that a folder that was copied or touched has no new objects in it.
 * What cannot be read as a file is listed all the same, and is an error only when it is asked for: a link that leads out
 * of the folder or to another folder, a pipe, a name that is not UTF-8.
 */

import { constants, type Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { DataFolderError } from '../errors.ts';
import {
  assertByteRange,
  assertObjectKey,
  assertObjectQuery,
  type ObjectInfo,
  type ObjectStore,
} from '../ports/object-store.ts';
import { explainingFiles, hasCode } from './file-errors.ts';
import { createFileEtags, etagOfBytes } from './file-etags.ts';
import { type FileLayout, fromByteString, toByteString } from './file-layout.ts';
import { type FoundFile, walkFiles } from './file-listing.ts';
import { infoOf, openToRead, readObjectFile } from './file-object-reads.ts';
import { createResumedPages } from './file-page.ts';
import { isThere } from './file-root.ts';

export type FileObjectReader = Pick<ObjectStore, 'get' | 'head' | 'list'>;

export interface FileObjectReaderOptions {
  readonly folder: string;
  readonly layout: FileLayout;
}

/** A name that is not UTF-8 reads with this in place of what is wrong. */
const REPLACEMENT = '\u{fffd}';

/**
 * Listing reads the bytes of objects that this process has not seen. Pages that follow one another go through each folder
 * once.
 * @throws DataFolderError when there is no such folder
 */
export async function openFileObjectReader({ folder, layout }: FileObjectReaderOptions): Promise<FileObjectReader> {
  const root = await explainingFiles('open', folder, async () => {
    try {
      const found = await realpath(folder);
      if (!(await lstat(found)).isDirectory()) throw new DataFolderError(`${folder} is not a folder`);
      return found;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) throw new DataFolderError(`there is no folder ${folder}`);
      throw error;
    }
  });
  const etags = createFileEtags();

  const using = <T>(action: string, key: string, work: (file: string) => Promise<T>): Promise<T> =>
    explainingFiles(action, key, () => {
      assertObjectKey(key);
      const { folders, file } = layout.placeOf(toByteString(key));
      return work(path.join(root, ...folders, file));
    });

  const missing = async (): Promise<undefined> => {
    if (await isThere(root)) return undefined;
    throw new DataFolderError(`the folder ${root} is gone: put it back, or mount its disk`);
  };

  /** The object at a path; undefined when there is nothing. */
  const look = async (key: string, file: string): Promise<ObjectInfo | undefined> => {
    const place = await findFile(root, file);
    if (place.kind === 'missing') return missing();
    if (place.kind === 'unreadable') return infoOf(key, place.stats, etagOfBytes(Buffer.from(place.problem)));
    return await opened(place.file, async (handle) => {
      const stats = await handle.stat();
      return infoOf(key, stats, await etags.of(place.file, stats, handle));
    });
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
        if (place.kind === 'file') {
          const read = await opened(place.file, (handle) =>
            readObjectFile({ key, file: place.file, range }, handle, etags),
          );
          if (read !== undefined) return read;
        }
        if (key.includes(REPLACEMENT)) throw new DataFolderError(`${key} has a name that is not UTF-8: rename it`);
        return missing();
      }),

    head: (key) => using('read', key, (file) => look(key, file)),

    list: (query) =>
      explainingFiles('list', root, async () => {
        assertObjectQuery(query);
        const page = await pages(query);
        if (page.objects.length === 0) await missing();
        return page;
      }),
  };
}

type FoundPlace =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'unreadable';
      /** In words that follow its name. */
      readonly problem: string;
      readonly stats: Stats;
    };

async function findFile(root: string, file: string): Promise<FoundPlace> {
  try {
    const stats = await lstat(file);
    if (stats.isFile()) return { kind: 'file', file };
    if (stats.isDirectory()) return { kind: 'missing' };
    if (!stats.isSymbolicLink()) return { kind: 'unreadable', problem: 'is not a file', stats };
    const target = await realpath(file).catch(() => undefined);
    if (target === undefined) return { kind: 'unreadable', problem: `leads nowhere (${await readlink(file)})`, stats };
    const isInside = target.startsWith(root + path.sep);
    if (!isInside) return { kind: 'unreadable', problem: `leads out of the folder, to ${target}: not followed`, stats };
    if ((await lstat(target)).isFile()) return { kind: 'file', file: target };
    return { kind: 'unreadable', problem: `leads to ${target}, which is not a file: not followed`, stats };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { kind: 'missing' };
    throw error;
  }
}

/** What another program puts in place of a file just now must not lead elsewhere, nor hold this one up. */
const READ_PLAIN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function opened<T>(
  file: string,
  work: (handle: NonNullable<Awaited<ReturnType<typeof openToRead>>>) => Promise<T>,
): Promise<T | undefined> {
  const handle = await openToRead(file, READ_PLAIN_FILE);
  try {
    return handle && (await work(handle));
  } finally {
    await handle?.close();
  }
}
