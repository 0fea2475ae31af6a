import { cpSync } from 'node:fs';
import { cp, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DataFolderError } from '@millrace/core';
import { openSqliteStore } from '@millrace/core/sqlite';
import { accepted, createManualClock, START_TIME } from '@millrace/core/testing';
import { DATABASE_FILE, openDatabase } from '../src/sqlite/database.ts';
import { APPLICATION_ID, readPragma, SCHEMA_VERSION } from '../src/sqlite/schema.ts';
import { SCHEMA_V1 } from './support/schema-v1.ts';
import { runSql } from './support/sqlite-folders.ts';
import { makeFolder } from './support/sqlite-harness.ts';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await makeFolder();
  folder = path.join(root, 'data');
  await mkdir(folder);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await rm(root, { recursive: true });
});

/** A store that accepts a message and finds it again after its next start. */
async function expectUsable(at: string): Promise<void> {
  const start = () => openSqliteStore({ folder: at, thread: false, clock: createManualClock() });
  const first = await start();
  const { identity } = await accepted(first);
  await first.close();
  const second = await start();
  expect(await second.get(identity)).toHaveLength(1);
  await second.close();
}

function tablesOf(at: string): unknown[] {
  const db = new DatabaseSync(path.join(at, DATABASE_FILE), { readOnly: true });
  try {
    const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    return rows.map((row) => row['name']);
  } finally {
    db.close();
  }
}

describe('a new database', () => {
  test('bears the mark and the version, keeps a write-ahead log, flushes every commit and belongs to one process', () => {
    const pragmas = openDatabase({ folder }, (db) => {
      const read = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
      return ['application_id', 'user_version', 'journal_mode', 'synchronous', 'locking_mode'].map(read);
    });
    expect(pragmas).toEqual([APPLICATION_ID, SCHEMA_VERSION, 'wal', 2, 'exclusive']);
  });

  test('is made from an empty file too', async () => {
    await writeFile(path.join(folder, DATABASE_FILE), '');
    await expectUsable(folder);
    expect(tablesOf(folder)).toEqual([
      'backlog',
      'counters',
      'keys',
      'messages',
      'payloads',
      'probe',
      'requests',
      'targets',
    ]);
  });

  test('is made once: a later start leaves it as it is', async () => {
    await expectUsable(folder);
    const exec = jest.spyOn(DatabaseSync.prototype, 'exec');
    openDatabase({ folder }, (db) => db).close();
    expect(exec.mock.calls.map(([sql]) => sql).filter((sql) => /CREATE|user_version =/.test(sql))).toEqual([]);
  });
});

describe('a database of the first version', () => {
  test('is brought to the present with its messages, which are delivered', async () => {
    runSql(folder, SCHEMA_V1);
    const id = START_TIME * 1_024;
    runSql(
      folder,
      `INSERT INTO messages VALUES (${id}, 'm', 'billing', '2026-11-22T10:00:00Z', 'https://partner.example/', 'hash',
         'QUEUED', 0, 0, NULL, ${START_TIME}, NULL, 0, 0, 3, 1000, ${START_TIME + 1_000}, ${START_TIME}, NULL, NULL,
         NULL, NULL);
       INSERT INTO requests VALUES (${id}, 'POST', '[["a","b"]]', x'00ff');
       UPDATE counters SET value = 1 WHERE name = 'accepted';`,
    );
    const store = await openSqliteStore({ folder, thread: false, clock: createManualClock() });
    const { entries } = await store.take(10);
    expect(entries).toMatchObject([{ identity: { messageId: 'm' }, request: { headers: [['a', 'b']] } }]);
    expect(entries[0]).not.toHaveProperty('traceparent');
    expect(await store.counts()).toEqual({ accepted: 1, succeeded: 0, failed: 0, waiting: 1 });
    await store.close();
    await expectUsable(folder);
  });
});

describe('a first start that is cut short', () => {
  test('by a crash after any of its steps: the next start completes it', async () => {
    const copies: string[] = [];
    const exec = DatabaseSync.prototype.exec;
    // What a process that is killed now leaves behind.
    jest.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql: string) {
      exec.call(this, sql);
      const copy = path.join(root, `copy-${copies.length}`);
      cpSync(folder, copy, { recursive: true });
      copies.push(copy);
    });
    openDatabase({ folder }, (db) => db).close();
    jest.restoreAllMocks();

    expect(copies.length).toBeGreaterThan(5);
    const isMade = copies.map((copy) => (tablesOf(copy).length === 0 ? 'not yet' : 'made'));
    expect(new Set(isMade)).toEqual(new Set(['not yet', 'made']));
    for (const copy of copies) await expectUsable(copy);
  });

  test('by a step that fails: nothing of it stays, and the reason is told', async () => {
    runSql(folder, `PRAGMA application_id = ${APPLICATION_ID}; CREATE TABLE probe (other)`);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(openSqliteStore({ folder, thread: false })).rejects.toThrow(DataFolderError);
      await expect(openSqliteStore({ folder, thread: false })).rejects.toThrow(/table probe already exists/);
    }
    expect(tablesOf(folder)).toEqual(['probe']);
    runSql(folder, 'DROP TABLE probe');
    await expectUsable(folder);
  });
});

describe('a write-ahead log that a crash left', () => {
  test('is read by the next start, whatever of it had reached the file', async () => {
    const store = await openSqliteStore({ folder, thread: false, clock: createManualClock() });
    const { identity } = await accepted(store);
    const copy = path.join(root, 'copy');
    await cp(folder, copy, { recursive: true });
    await store.close();

    const next = await openSqliteStore({ folder: copy, thread: false, clock: createManualClock() });
    expect(await next.get(identity)).toHaveLength(1);
    await next.close();
  });

  test('completes a file that is still shorter than its header says', async () => {
    const store = await openSqliteStore({ folder, thread: false, clock: createManualClock() });
    const { identity } = await accepted(store, { body: 'x'.repeat(200_000) });
    const copy = path.join(root, 'copy');
    await cp(folder, copy, { recursive: true });
    await store.close();
    // A checkpoint has begun with the first page, and written no other.
    const first = openDatabase({ folder }, (db) => db);
    expect(readPragma(first, 'page_count')).toBeGreaterThan(50);
    first.close();
    const whole = await readFile(path.join(folder, DATABASE_FILE));
    const begun = await open(path.join(copy, DATABASE_FILE), 'r+');
    await begun.write(whole, 0, 4_096, 0);
    await begun.close();

    const next = await openSqliteStore({ folder: copy, thread: false, clock: createManualClock() });
    expect(await next.get(identity)).toHaveLength(1);
    await next.close();
  });
});
