import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ObjectInfo, ObjectQuery, ObjectStore } from '@millrace/core';
import { listLocalFiles } from '../src/source/local-files.ts';
import { type CacheOptions, type FetchProgress, fetchDataset } from '../src/source/object-cache.ts';
import { useTestFolder } from './support/checkpoint.ts';

const folder = useTestFolder();
const NOW = Date.UTC(2026, 10, 22, 10);
const HOUR_MS = 3_600_000;
const MIB = 2 ** 20;

/** Objects in memory that count what is asked of them. */
function createObjects() {
  const objects = new Map<string, Buffer>();
  const asked: string[] = [];
  let beforeGet: (key: string, start: number) => void = () => undefined;
  const infoOf = (key: string, bytes: Buffer): ObjectInfo => {
    return { key, size: bytes.length, etag: `"${bytes.length}-${bytes[0] ?? 0}"`, modifiedAt: NOW };
  };
  const store: Pick<ObjectStore, 'list' | 'get'> = {
    list({ prefix = '', startAfter = '', limit }: ObjectQuery) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > startAfter).toSorted();
      const page = keys.slice(0, Math.min(limit, 3)).map((key) => infoOf(key, objects.get(key) ?? Buffer.of()));
      return Promise.resolve({ objects: page, more: keys.length > page.length });
    },
    get(key, { range = { start: 0 } } = {}) {
      beforeGet(key, range.start);
      asked.push(`${key}@${range.start}`);
      const bytes = objects.get(key);
      if (bytes === undefined) return Promise.resolve(undefined);
      const part = new Uint8Array(bytes.subarray(range.start, range.end));
      return Promise.resolve({ ...infoOf(key, bytes), bytes: part });
    },
  };
  return {
    objects,
    store,
    /** What was asked for since the last call. */
    asked: () => asked.splice(0).toSorted(),
    beforeGet: (hook: typeof beforeGet) => {
      beforeGet = hook;
    },
  };
}

let s3: ReturnType<typeof createObjects>;
let now = NOW;
beforeEach(() => {
  s3 = createObjects();
  now = NOW;
});

function fetchAll(options: Partial<CacheOptions> = {}) {
  const cache = path.join(folder().path, 'cache');
  const signal = new AbortController().signal;
  return fetchDataset({ objects: s3.store, folder: cache, signal, now: () => now, ...options }, 'visit-events');
}

function cached() {
  return readdir(path.join(folder().path, 'cache/visit-events'));
}

async function contents(files: readonly string[]): Promise<string[]> {
  return await Promise.all(files.map((file) => readFile(file, 'utf8')));
}

describe('the cache of objects', () => {
  test('fetches the Parquet files of the dataset, page after page, and no others', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      s3.objects.set(`visit-events/${name}/events.parquet`, Buffer.from(name));
    s3.objects.set('visit-events/readme.txt', Buffer.from('x'));
    s3.objects.set('deliveries/dt=2026-11-22/deliveries.parquet', Buffer.from('x'));
    s3.objects.set('_millrace/visit-events/state.parquet', Buffer.from('x'));
    const files = await fetchAll();
    expect(await contents(files)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(s3.asked()).toHaveLength(5);
  });

  test('fetches again only what has changed', async () => {
    s3.objects.set('visit-events/a.parquet', Buffer.from('a'));
    s3.objects.set('visit-events/b.parquet', Buffer.from('b'));
    await fetchAll();
    s3.asked();
    expect(await contents(await fetchAll())).toEqual(['a', 'b']);
    expect(s3.asked()).toEqual([]);
    s3.objects.set('visit-events/b.parquet', Buffer.from('new'));
    expect(await contents(await fetchAll())).toEqual(['a', 'new']);
    expect(s3.asked()).toEqual(['visit-events/b.parquet@0']);
  });

  test('fetches a large object in parts, and says how far it is', async () => {
    const large = Buffer.alloc(9 * MIB, 'x');
    s3.objects.set('visit-events/a.parquet', large);
    const seen: FetchProgress[] = [];
    const [file = ''] = await fetchAll({ onProgress: (progress) => seen.push(progress) });
    expect((await readFile(file)).equals(large)).toBe(true);
    expect(s3.asked()).toEqual([0, 4 * MIB, 8 * MIB].map((start) => `visit-events/a.parquet@${start}`).toSorted());
    expect(seen.map(({ fetched }) => fetched)).toEqual([4 * MIB, 8 * MIB, 9 * MIB]);
    expect(seen.every(({ total }) => total === 9 * MIB)).toBe(true);
  });

  test('begins anew when the object is replaced half-way, and never mixes the two', async () => {
    s3.objects.set('visit-events/a.parquet', Buffer.alloc(9 * MIB, 'x'));
    let replaced = false;
    s3.beforeGet((_key, start) => {
      if (start !== 4 * MIB || replaced) return;
      replaced = true;
      s3.objects.set('visit-events/a.parquet', Buffer.alloc(5 * MIB, 'y'));
    });
    const [file = ''] = await fetchAll();
    expect((await readFile(file)).equals(Buffer.alloc(5 * MIB, 'y'))).toBe(true);
    // It is kept under the ETag that it has.
    s3.asked();
    expect(await fetchAll()).toEqual([file]);
    expect(s3.asked()).toEqual([]);
  });

  test('gives an object up that is replaced again and again', async () => {
    let size = 9 * MIB;
    s3.objects.set('visit-events/a.parquet', Buffer.alloc(size, 'x'));
    s3.beforeGet(() => {
      size += 1;
      s3.objects.set('visit-events/a.parquet', Buffer.alloc(size, 'x'));
    });
    await expect(fetchAll()).rejects.toMatchObject({
      code: 'query-source',
      message: expect.stringContaining('3 times'),
    });
    expect(await cached()).toEqual([]);
  });

  test('leaves out an object that is gone by then', async () => {
    s3.objects.set('visit-events/a.parquet', Buffer.from('a'));
    s3.objects.set('visit-events/b.parquet', Buffer.from('b'));
    s3.beforeGet((key) => {
      if (key.includes('/a')) s3.objects.delete('visit-events/a.parquet');
    });
    expect(await contents(await fetchAll())).toEqual(['b']);
  });

  test('leaves nothing half-written behind an error, and the rest for the next time', async () => {
    for (let index = 0; index < 20; index += 1) s3.objects.set(`visit-events/${index}.parquet`, Buffer.from('x'));
    s3.beforeGet((key) => {
      if (key.includes('/5.')) throw new Error('connection lost');
    });
    await expect(fetchAll()).rejects.toThrow('connection lost');
    expect((await cached()).filter((name) => !name.endsWith('.parquet'))).toEqual([]);
    s3.beforeGet(() => undefined);
    expect(await fetchAll()).toHaveLength(20);
  });

  test('does not take a copy for whole that is not', async () => {
    s3.objects.set('visit-events/a.parquet', Buffer.from('whole'));
    const [file = ''] = await fetchAll();
    await writeFile(file, 'who');
    expect(await contents(await fetchAll())).toEqual(['whole']);
  });

  test('removes versions and leftovers that nobody has used for an hour', async () => {
    s3.objects.set('visit-events/a.parquet', Buffer.from('old'));
    const [old = ''] = await fetchAll();
    const leftover = path.join(path.dirname(old), 'x.tmp');
    await writeFile(leftover, 'x');
    for (const file of [old, leftover]) await utimes(file, NOW / 1_000, NOW / 1_000);
    s3.objects.set('visit-events/a.parquet', Buffer.from('newer'));
    now = NOW + HOUR_MS;
    await fetchAll();
    expect(await cached()).toHaveLength(3);
    now = NOW + HOUR_MS + 1;
    const files = await fetchAll();
    expect((await cached()).map((name) => path.join(path.dirname(old), name))).toEqual(files);
  });

  test('stops when it is told to', async () => {
    s3.objects.set('visit-events/a.parquet', Buffer.alloc(9 * MIB, 'x'));
    const controller = new AbortController();
    const reason = new Error('enough');
    s3.beforeGet(() => controller.abort(reason));
    await expect(fetchAll({ signal: controller.signal })).rejects.toBe(reason);
    expect(s3.asked()).toHaveLength(1);
    expect(await cached()).toEqual([]);
  });
});

describe('a folder', () => {
  test('is searched for the Parquet files of a dataset, at any depth', async () => {
    const { path: here, writeParquet } = folder();
    await writeParquet('visit-events/b/c/events.parquet', 'SELECT 1');
    await writeParquet('visit-events/_a/events.parquet', 'SELECT 1');
    await writeParquet('visit-events/b/.events.parquet', 'SELECT 1');
    await writeParquet('_millrace/visit-events/state.parquet', 'SELECT 1');
    await writeFile(path.join(here, 'visit-events/notes.txt'), 'x');
    const names = (await listLocalFiles(here, 'visit-events')).map((file) => path.relative(here, file));
    expect(names).toEqual(['visit-events/_a/events.parquet', 'visit-events/b/c/events.parquet']);
    expect(await listLocalFiles(here, 'deliveries')).toEqual([]);
  });

  test('that is not there, or is a file, is said to be so', async () => {
    const file = path.join(folder().path, 'file');
    await writeFile(file, '');
    await expect(listLocalFiles(file, 'deliveries')).rejects.toMatchObject({
      code: 'query-source',
      message: expect.stringMatching(/cannot be queried: it is a file$/),
    });
    await expect(listLocalFiles(`${file}-not`, 'deliveries')).rejects.toThrow(/cannot be queried: there is none$/);
  });
});
