import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError, type ObjectStore, PreconditionFailedError } from '@millrace/core';
import { openFileObjectStore } from '@millrace/core/sqlite';
import { createManualClock, describeObjectStore, START_TIME } from '@millrace/core/testing';
import { openFileHarness } from './support/file-store-harness.ts';
import { makeFolder } from './support/sqlite-harness.ts';

describeObjectStore('A folder', openFileHarness);

const BYTES = Buffer.from('some bytes');

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await makeFolder();
  store = await openFileObjectStore({ folder });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Every file and folder below the root, but for the store's own. */
async function entries(): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name !== '.tmp').sort();
}

async function keys(): Promise<string[]> {
  return (await store.list({ limit: 1_000 })).objects.map(({ key }) => key);
}

describe('the files', () => {
  test('hold the bytes of their objects and nothing else, so that other programs can read them', async () => {
    await store.put('deliveries/dt=2026-11-22/events.parquet', BYTES);
    const file = path.join(folder, 'deliveries/dt=2026-11-22/@events.parquet');
    expect((await readFile(file)).equals(BYTES)).toBe(true);
  });

  test('that are not of the store are left alone and not listed', async () => {
    await store.put('a/b', BYTES);
    const foreign = ['README', 'a/notes.txt', '@Capital', '.hidden'];
    for (const name of foreign) await writeFile(path.join(folder, name), 'x');
    store = await openFileObjectStore({ folder });
    expect(await keys()).toEqual(['a/b']);
    expect(await entries()).toEqual([...foreign, 'a', 'a/@b'].sort());
  });

  test('go with their folders, but for those in which there is something else', async () => {
    for (const key of ['a/b/c/d', 'a/b/e', 'f/g']) await store.put(key, BYTES);
    await store.delete('a/b/c/d');
    await store.delete('f/g');
    expect(await entries()).toEqual(['a', 'a/b', 'a/b/@e']);
    await store.delete('a/b/e');
    expect(await entries()).toEqual([]);
    await store.put('a/b/e', BYTES);
    expect(await keys()).toEqual(['a/b/e']);
  });

  test('come into a folder that goes with its last object at the same time', async () => {
    for (let round = 0; round < 40; round += 1) {
      await store.put('x/y/old', BYTES);
      const puts = [1, 2, 3].map((name) => store.put(`x/y/${name}`, BYTES));
      await Promise.all([store.delete('x/y/old'), ...puts, store.delete('x/y/old')]);
      expect(await keys()).toEqual(['x/y/1', 'x/y/2', 'x/y/3']);
      await Promise.all([1, 2, 3].map((name) => store.delete(`x/y/${name}`)));
    }
    expect(await entries()).toEqual([]);
  });

  test('of one folder can come and go at the same time', async () => {
    const comeAndGo = async (key: string): Promise<void> => {
      for (let round = 0; round < 60; round += 1) {
        await store.put(key, BYTES);
        await store.delete(key);
      }
    };
    await Promise.all(['x/a', 'x/b', 'x/y/c', 'x/y/d'].map(comeAndGo));
    expect(await entries()).toEqual([]);
  });

  test('that a crash left half-written are removed when the store is opened', async () => {
    await store.put('a', BYTES);
    await writeFile(path.join(folder, '.tmp', '1'), 'half of someth');
    store = await openFileObjectStore({ folder });
    expect(await readdir(path.join(folder, '.tmp'))).toEqual([]);
    expect(await keys()).toEqual(['a']);
  });

  test('do not pile up when writes fail', async () => {
    await store.put('a', BYTES);
    await mkdir(path.join(folder, '@b'));
    await expect(store.put('b', BYTES)).rejects.toThrow(DataFolderError);
    expect(await readdir(path.join(folder, '.tmp'))).toEqual([]);
  });
});

describe('ETags', () => {
  test('stay what they were in a copy of the folder', async () => {
    await store.put('a', BYTES);
    await store.put('b/c', Buffer.alloc(700_000, 7));
    const before = await store.list({ limit: 5 });
    const copy = path.join(folder, '..', `${path.basename(folder)}-copy`);
    await cp(folder, copy, { recursive: true });
    try {
      const copied = await openFileObjectStore({ folder: copy });
      const after = await copied.list({ limit: 5 });
      expect(after.objects.map(({ etag }) => etag)).toEqual(before.objects.map(({ etag }) => etag));
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  test('are those of the bytes, though another program wrote them', async () => {
    const { etag } = await store.put('a', BYTES);
    const { etag: other } = await store.put('b', Buffer.from('other bytes'));
    await rename(path.join(folder, '@b'), path.join(folder, '@a'));
    expect(await store.head('a')).toMatchObject({ etag: other });
    const condition = { kind: 'unchanged', etag } as const;
    await expect(store.put('a', BYTES, { condition })).rejects.toThrow(PreconditionFailedError);
  });
});

describe('times', () => {
  test('are those of the clock, to the millisecond, also after a restart', async () => {
    const clock = createManualClock(START_TIME + 123);
    store = await openFileObjectStore({ folder, clock });
    await store.put('a', BYTES);
    clock.advance(1_001);
    await store.put('b', BYTES);
    store = await openFileObjectStore({ folder, clock });
    const { objects } = await store.list({ limit: 5 });
    expect(objects.map(({ modifiedAt }) => modifiedAt - START_TIME)).toEqual([123, 1_124]);
    expect((await store.get('a'))?.modifiedAt).toBe(START_TIME + 123);
  });
});

describe('a folder that cannot be used', () => {
  test('is made with those above it when it is not there', async () => {
    const deep = path.join(folder, 'new', 'data', 'objects');
    await (await openFileObjectStore({ folder: deep })).put('a', BYTES);
    expect((await stat(path.join(deep, '@a'))).size).toBe(BYTES.length);
  });

  test('says so when a file is in its place', async () => {
    await writeFile(path.join(folder, 'file'), 'x');
    const opening = openFileObjectStore({ folder: path.join(folder, 'file') });
    await expect(opening).rejects.toThrow(DataFolderError);
    await expect(opening).rejects.toThrow(path.join(folder, 'file'));
  });

  test('that has gone is an error of every call, never an object that is not there', async () => {
    await store.put('a', BYTES);
    await rename(folder, `${folder}-away`);
    try {
      const calls = [
        store.get('a'),
        store.head('a'),
        store.put('a', BYTES),
        store.delete('a'),
        store.list({ limit: 1 }),
        store.put('a', BYTES, { condition: { kind: 'absent' } }),
      ];
      const results = await Promise.allSettled(calls);
      for (const result of results) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(DataFolderError) });
      }
    } finally {
      await rename(`${folder}-away`, folder);
    }
    expect(await keys()).toEqual(['a']);
  });
});
