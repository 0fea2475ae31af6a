import { randomBytes } from 'node:crypto';
import { cp, mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError } from '@millrace/core';
import { openSqliteStore } from '@millrace/core/sqlite';
import { accepted, createManualClock } from '@millrace/core/testing';
import { DATABASE_FILE } from '../src/sqlite/database.ts';
import { contentsOf, fillFolder, runSql } from './support/sqlite-folders.ts';
import { makeFolder } from './support/sqlite-harness.ts';

let root: string;
let folder: string;
let file: string;

beforeEach(async () => {
  root = await makeFolder();
  folder = path.join(root, 'data');
  file = path.join(folder, DATABASE_FILE);
  await mkdir(folder);
});

afterEach(() => rm(root, { recursive: true }));

async function refusal(at: string, thread: boolean): Promise<unknown> {
  return await openSqliteStore({ folder: at, thread }).then(
    async (store) => {
      await store.close();
      return 'opened';
    },
    (error: unknown) => error,
  );
}

/** Opening is refused, on either kind of host, in one line that matches, and the folder stays as it was. */
async function expectRefused(reason: RegExp, at = folder): Promise<void> {
  const before = at === folder ? await contentsOf(folder) : undefined;
  for (const thread of [false, true]) {
    const error = await refusal(at, thread);
    expect(error).toBeInstanceOf(DataFolderError);
    expect(String(error)).toMatch(reason);
    expect(String(error)).not.toContain('\n');
  }
  if (before !== undefined) expect(await contentsOf(folder)).toEqual(before);
}

describe('a file that is no database of Millrace is refused and left as it is', () => {
  test.each([
    ['a text', Buffer.from('Dear diary, today I opened a store.\n'.repeat(200))],
    ['random bytes', randomBytes(16_384)],
    ['zeros', Buffer.alloc(8_192)],
    ['a header before random bytes', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8_176, 0xa5)])],
  ])('%s', async (_, bytes) => {
    await writeFile(file, bytes);
    await expectRefused(/millrace\.db is not a database: move it away, or choose another folder with --data/);
  });

  test.each([
    ['one byte', Buffer.from('x')],
    ['the beginning of a header', Buffer.from('SQLite format 3\0')],
  ])('%s', async (_, bytes) => {
    await writeFile(file, bytes);
    await expectRefused(/millrace\.db (is not a database|is damaged|belongs to another program): .+/);
  });

  test.each([
    ['without a mark', ''],
    ['with the mark of another program', 'PRAGMA application_id = 77;'],
    ['in WAL mode', 'PRAGMA application_id = 77; PRAGMA journal_mode = WAL;'],
  ])('a database of another program, %s', async (_, mark) => {
    runSql(folder, `${mark} CREATE TABLE messages (id INTEGER PRIMARY KEY); INSERT INTO messages VALUES (1)`);
    await expectRefused(/belongs to another program: choose another folder with --data/);
  });

  test('a database that another program has open, with its write-ahead log', async () => {
    const db = new DatabaseSync(file);
    db.exec('PRAGMA application_id = 77; PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    await expectRefused(/belongs to another program/);
    db.close();
  });
});

describe('a database of a newer program is refused and left as it is', () => {
  test('closed in order', async () => {
    await fillFolder(folder);
    runSql(folder, 'PRAGMA user_version = 99');
    await expectRefused(/has schema version 99, newer than this program's \d+: use a newer millrace/);
  });

  test('after a crash, with its write-ahead log', async () => {
    await fillFolder(folder);
    runSql(folder, 'PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
    const db = new DatabaseSync(file);
    db.exec("INSERT INTO counters VALUES ('a newer one', 1)");
    await cp(folder, `${folder}-copy`, { recursive: true });
    db.close();
    await rm(folder, { recursive: true });
    await cp(`${folder}-copy`, folder, { recursive: true });
    await expectRefused(/has schema version 99/);
  });
});

describe('a damaged database is refused and left as it is', () => {
  test.each([
    ['cut in the middle', (size: number) => Math.floor(size / 2)],
    ['cut by one byte', (size: number) => size - 1],
    ['cut within its first page', () => 2_000],
    ['cut within its header', () => 50],
  ])('%s', async (_, length) => {
    await fillFolder(folder);
    await truncate(file, length((await readFile(file)).length));
    await expectRefused(/millrace\.db is (damaged|not a database): .+/);
  });

  test.each([
    ['random bytes in its schema', 100, 3_900],
    ['a flipped bit in the kind of its first page', 100, 1],
  ])('%s', async (_, offset, length) => {
    await fillFolder(folder);
    const handle = await open(file, 'r+');
    await handle.write(Buffer.alloc(length, 0xa5), 0, length, offset);
    await handle.close();
    await expectRefused(/millrace\.db is damaged: restore it from a backup/);
  });

  test('random bytes in every page after the first', async () => {
    await fillFolder(folder);
    const bytes = await readFile(file);
    await writeFile(file, Buffer.concat([bytes.subarray(0, 4_096), randomBytes(bytes.length - 4_096)]));
    await expectRefused(/millrace\.db is damaged: restore it from a backup/);
  });

  test('without one of its tables', async () => {
    await fillFolder(folder);
    runSql(folder, 'DROP TABLE requests');
    await expectRefused(/cannot open .*millrace\.db: no such table: requests/);
  });

  test('a folder in its place', async () => {
    await mkdir(file);
    const error = await refusal(folder, false);
    expect(error).toBeInstanceOf(DataFolderError);
    expect(String(error)).toContain(file);
  });
});

describe('a folder that cannot be used is refused', () => {
  test('a file in its place', async () => {
    const place = path.join(root, 'a-file');
    await writeFile(place, 'mine');
    await expectRefused(/a-file is not a folder: choose another with --data/, place);
    await expectRefused(/is not a folder: choose another with --data/, path.join(place, 'below'));
    expect(await readFile(place, 'utf8')).toBe('mine');
  });

  // Not by permissions, which do not bind root: /proc refuses everyone.
  test.each(['/proc/millrace-data', '/proc/self'])('%s, where nobody may write', async (place) => {
    await expectRefused(/(no permission to write to|cannot open) \/proc\//, place);
  });
});

describe('a folder has one owner', () => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('a second store in this process is refused, and the first goes on (on threads: %p, %p)', async (first, second) => {
    const store = await openSqliteStore({ folder, thread: first });
    const error = await refusal(folder, second);
    expect(error).toBeInstanceOf(DataFolderError);
    expect(String(error)).toMatch(/is in use by another millrace: stop it first/);
    await accepted(store);
    expect(await store.counts()).toMatchObject({ accepted: 1 });
    await store.close();
  });

  test.each([false, true])('closing gives the folder free (on a thread: %p)', async (thread) => {
    for (let round = 0; round < 3; round++) {
      const store = await openSqliteStore({ folder, thread });
      await accepted(store);
      await store.close();
    }
    expect(await refusal(folder, thread)).toBe('opened');
  });

  test.each([false, true])('a start that fails gives the folder free (on a thread: %p)', async (thread) => {
    const clock = {
      now: () => {
        throw new Error('no time');
      },
    };
    await expect(openSqliteStore({ folder, thread, clock })).rejects.toThrow('no time');
    expect(await refusal(folder, thread)).toBe('opened');
  });

  test('a refused start gives a file that it could not use free', async () => {
    await fillFolder(folder);
    runSql(folder, 'ALTER TABLE requests RENAME TO other');
    expect(String(await refusal(folder, false))).toMatch(/no such table/);
    runSql(folder, 'ALTER TABLE other RENAME TO requests');
    expect(await refusal(folder, false)).toBe('opened');
  });
});

test('a folder that does not exist is made, with those above it', async () => {
  const deep = path.join(root, 'a', 'b', 'c');
  const store = await openSqliteStore({ folder: deep, thread: false, clock: createManualClock() });
  await accepted(store);
  await store.close();
  expect([...(await contentsOf(deep)).keys()]).toEqual([DATABASE_FILE]);
});

test('a folder may have any name', async () => {
  const odd = path.join(root, 'a b?c=d#e%20f&immutable=0;ü');
  await fillFolder(odd, 3);
  const store = await openSqliteStore({ folder: odd, thread: false });
  expect(await store.counts()).toMatchObject({ accepted: 3 });
  await store.close();
});
