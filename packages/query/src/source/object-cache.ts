/**
 * Copies of the Parquet files of a checkpoint in an object store, kept from query to query:
 * `<folder>/<dataset>/<hash of the key>-<hash of its ETag>.parquet`. An object that has not changed is not fetched again;
 * one that is being fetched has another name, so that a copy is whole or not there.
 */

import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectInfo, ObjectStore } from '@millrace/core';
import type { DatasetName } from '../datasets/columns.ts';
import { QuerySourceError } from '../errors.ts';

export interface CacheOptions {
  /** The checkpoint: its keys begin with the name of a dataset. */
  readonly objects: Pick<ObjectStore, 'list' | 'get'>;
  /** For copies of this checkpoint alone. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called as bytes come. */
  readonly onProgress?: (progress: FetchProgress) => void;
}

export interface FetchProgress {
  /** Bytes, of the objects that have to be fetched. */
  readonly fetched: number;
  readonly total: number;
}

const PAGE = 1_000;
const OBJECTS_AT_ONCE = 4;
/** Of a request: small enough to come within the timeout of a request on a slow line. */
const PART_BYTES = 4 * 1024 * 1024;
/** A copy that no query has used for so long, and none would use now, is removed; until then one may be reading it. */
const UNUSED_MS = 3_600_000;
/** An object that is replaced again and again while it is fetched is given up. */
const TRIES = 3;

/**
 * Paths of local copies of the dataset's Parquet files, in the order of their keys.
 *
 * @throws QuerySourceError; what the object store throws; the reason of the signal
 */
export async function fetchDataset(options: CacheOptions, dataset: DatasetName): Promise<readonly string[]> {
  const folder = path.join(options.folder, dataset);
  await mkdir(folder, { recursive: true });
  const objects = await listParquet(options, dataset);
  const wanted = objects.map((info) => ({ info, file: path.join(folder, copyName(info)) }));
  const missing: Copy[] = [];
  for (const copy of wanted) {
    if (!(await isCopied(copy, options.now()))) missing.push(copy);
  }
  const progress = createProgress(missing, options.onProgress);
  const files = new Map(wanted.map(({ info, file }) => [info.key, file]));
  await eachOf(missing, OBJECTS_AT_ONCE, async (copy) => {
    const file = await fetchCopy(options, folder, copy, progress);
    if (file === undefined) files.delete(copy.info.key);
    else files.set(copy.info.key, file);
  });
  const used = [...files.values()];
  await removeUnused(folder, used, options.now());
  return used;
}

interface Copy {
  readonly info: ObjectInfo;
  readonly file: string;
}

async function listParquet({ objects, signal }: CacheOptions, dataset: DatasetName): Promise<readonly ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  let startAfter: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const after = startAfter === undefined ? {} : { startAfter };
    const page = await objects.list({ prefix: `${dataset}/`, limit: PAGE, ...after });
    found.push(...page.objects.filter(({ key }) => key.endsWith('.parquet')));
    startAfter = page.objects.at(-1)?.key;
    if (!page.more || startAfter === undefined) return found;
  }
}

function copyName({ key, etag }: Pick<ObjectInfo, 'key' | 'etag'>): string {
  return `${hashOf(key)}-${hashOf(etag)}.parquet`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Says of a copy that is there that it is used. */
async function isCopied({ info, file }: Copy, now: number): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  if (stats?.size !== info.size) return false;
  // Another query may have removed it just now: then it is fetched.
  return utimes(file, now / 1_000, now / 1_000).then(
    () => true,
    () => false,
  );
}

/** The path of the copy, of the object as it is by then; undefined when the object is gone. */
async function fetchCopy(
  options: CacheOptions,
  folder: string,
  { info }: Copy,
  onBytes: (count: number) => void,
): Promise<string | undefined> {
  const scratch = path.join(folder, `${randomUUID()}.tmp`);
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const etag = await download(options, info.key, scratch, onBytes);
      if (etag === 'gone') return undefined;
      if (etag === 'changed') continue;
      const file = path.join(folder, copyName({ key: info.key, etag }));
      await rename(scratch, file);
      return file;
    }
    throw new QuerySourceError(`${info.key} was replaced ${TRIES} times while it was fetched: try again`);
  } finally {
    await rm(scratch, { force: true });
  }
}

/** The ETag of the whole that was written; or what came between. */
async function download(
  { objects, signal }: CacheOptions,
  key: string,
  scratch: string,
  onBytes: (count: number) => void,
): Promise<string> {
  const handle: FileHandle = await open(scratch, 'w', 0o600);
  try {
    let etag: string | undefined;
    let size = 1;
    for (let start = 0; start < size; ) {
      signal.throwIfAborted();
      const part = await objects.get(key, { range: { start, end: start + PART_BYTES } });
      if (part === undefined) return 'gone';
      if (part.etag !== (etag ?? part.etag)) return 'changed';
      await handle.write(part.bytes, 0, part.bytes.length, start);
      ({ etag, size } = part);
      start += part.bytes.length;
      onBytes(part.bytes.length);
      if (part.bytes.length === 0) break;
    }
    await handle.sync();
    return etag ?? 'gone';
  } finally {
    await handle.close();
  }
}

function createProgress(copies: readonly Copy[], onProgress: CacheOptions['onProgress']): (count: number) => void {
  const total = copies.reduce((sum, { info }) => sum + info.size, 0);
  let fetched = 0;
  return (count) => {
    fetched += count;
    onProgress?.({ fetched, total });
  };
}

/** Copies of other versions and of objects that are gone, and what a crash left half-written. */
async function removeUnused(folder: string, used: readonly string[], now: number): Promise<void> {
  const kept = new Set(used);
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (kept.has(file)) continue;
    const stats = await stat(file).catch(() => undefined);
    if (stats !== undefined && stats.mtimeMs < now - UNUSED_MS) await rm(file, { force: true });
  }
}

/** At the first failure no more is begun, and it is thrown when what runs is over. */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const lane = async () => {
    for (const item of queue) {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  if (failures.length > 0) throw failures[0];
}
