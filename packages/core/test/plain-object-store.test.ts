import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError, FolderInUseError, InvalidKeyError, PreconditionFailedError } from '@millrace/core';
import { openPlainObjectStore, type PlainObjectStore } from '@millrace/core/sqlite';
import { makeFolder } from './support/sqlite-harness.ts';

let folder: string;
const open: PlainObjectStore[] = [];

beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  for (const store of open.splice(0)) store.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<PlainObjectStore> {
  const store = await openPlainObjectStore({ folder });
  open.push(store);
  return store;
}

describe('a folder of plain files', () => {
  test('has each object at the path that its key is, and takes files of others for objects', async () => {
    const store = await start();
    await store.put('visits/ADRC/dt=1/events.parquet', Buffer.from('bytes'));
    expect(await readFile(path.join(folder, 'visits/ADRC/dt=1/events.parquet'), 'utf8')).toBe('bytes');
    await writeFile(path.join(folder, 'visits/other.parquet'), 'theirs');
    const { objects } = await store.list({ limit: 10 });
    expect(objects.map(({ key }) => key)).toEqual(['visits/ADRC/dt=1/events.parquet', 'visits/other.parquet']);
    const theirs = await store.get('visits/other.parquet');
    expect(theirs?.bytes.toString()).toBe('theirs');
    const etag = theirs?.etag ?? '';
    await store.splice('visits/other.parquet', { etag, keep: 3, tail: Buffer.from('ory') });
    expect(await readFile(path.join(folder, 'visits/other.parquet'), 'utf8')).toBe('theory');
    const late = store.put('visits/other.parquet', Buffer.from('x'), { condition: { kind: 'unchanged', etag } });
    await expect(late).rejects.toThrow(PreconditionFailedError);
    await store.delete('visits/ADRC/dt=1/events.parquet');
    expect((await readdir(path.join(folder, 'visits'))).sort()).toEqual(['other.parquet']);
  });

  test('refuses keys that no path is', async () => {
    const store = await start();
    for (const key of ['a//b', '/a', 'a/', './a', 'a/../b', 'x'.repeat(256)]) {
      await expect(store.put(key, Buffer.from(''))).rejects.toThrow(InvalidKeyError);
    }
    expect((await store.list({ limit: 1 })).objects).toEqual([]);
  });

  test('is for one at a time, and for the next once it is closed', async () => {
    const first = await start();
    await first.put('a', Buffer.from('1'));
    await expect(start()).rejects.toThrow(FolderInUseError);
    await first.put('b', Buffer.from('2'));
    open.splice(0);
    first.close();
    const second = await start();
    expect((await second.list({ limit: 9 })).objects.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  test('does not mix up names that differ in capitals, on a disk that does', async () => {
    // What such a disk does, made with links.
    await mkdir(path.join(folder, '.tmp'), { recursive: true });
    await mkdir(path.join(folder, '.TMP'));
    await mkdir(path.join(folder, 'adrc'));
    await symlink('adrc', path.join(folder, 'ADRC'));
    const store = await start();
    await store.put('adrc/events.parquet', Buffer.from('small'));
    for (const key of ['ADRC/events.parquet', 'ADRC/others.parquet']) {
      await expect(store.get(key)).rejects.toThrow(DataFolderError);
      await expect(store.head(key)).rejects.toThrow('does not tell capitals apart');
      await expect(store.put(key, Buffer.from('large'))).rejects.toThrow(DataFolderError);
    }
    expect((await store.get('adrc/events.parquet'))?.bytes.toString()).toBe('small');
    await store.put('other/Events.parquet', Buffer.from('x'));
    expect((await store.get('other/Events.parquet'))?.bytes.toString()).toBe('x');
  });
});
