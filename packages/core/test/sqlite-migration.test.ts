import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openSqliteStore } from '@millrace/core/sqlite';
import { createManualClock, LEASE_MS, START_TIME } from '@millrace/core/testing';
import { DATABASE_FILE } from '../src/sqlite/database.ts';
import { APPLICATION_ID, IDS_PER_MS } from '../src/sqlite/schema.ts';
import { makeFolder } from './support/sqlite-harness.ts';

/** The first schema that was released: one queue for all lanes. */
const FIRST_SCHEMA = `
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, sender_id TEXT NOT NULL, timestamp TEXT NOT NULL,
    target_url TEXT NOT NULL, content_hash TEXT NOT NULL, status TEXT NOT NULL, round INTEGER NOT NULL,
    attempts INTEGER NOT NULL, token TEXT, due INTEGER, reason TEXT, replays INTEGER NOT NULL,
    past_attempts INTEGER NOT NULL, max_attempts INTEGER NOT NULL, lifetime INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, error TEXT, error_status INTEGER, error_at INTEGER,
    remove_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX messages_identity ON messages (message_id, sender_id, timestamp, target_url);
  CREATE INDEX messages_due    ON messages (due)       WHERE due IS NOT NULL;
  CREATE INDEX messages_remove ON messages (remove_at) WHERE remove_at IS NOT NULL;
  CREATE INDEX messages_failed ON messages (id)        WHERE status = 'FAILED';
  CREATE TABLE requests (id INTEGER PRIMARY KEY, method TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counters VALUES ('accepted', 8), ('succeeded', 1), ('failed', 1);
  CREATE TABLE probe (data BLOB NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = 1;
`;

let folder: string;

beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** What a Millrace of that time has left: messages in every state, to several targets. */
function makeFirst(): void {
  const db = new DatabaseSync(path.join(folder, DATABASE_FILE));
  db.exec('PRAGMA journal_mode = WAL');
  db.exec(FIRST_SCHEMA);
  const insertMessage = db.prepare(`
    INSERT INTO messages VALUES (?, ?, ?, '2026-11-22T10:00:00Z', ?, 'hash', ?, 0, ?, ?, ?, ?, 0, 0, 3, 1000000000, ?, ?,
      NULL, NULL, NULL, ?)`);
  const insertRequest = db.prepare(`INSERT INTO requests VALUES (?, 'POST', '[]', x'01')`);
  const waiting = (index: number) => (index % 2 === 0 ? 'http://a.example:8080/x/y' : 'https://b.example/?q=/');
  const rows = [
    ...Array.from({ length: 4 }, (_, index) => ['QUEUED', waiting(index), START_TIME - index] as const),
    ['RETRYING', waiting(0), START_TIME + 1_000] as const,
    ['PROCESSING', waiting(1), START_TIME + LEASE_MS] as const,
    ['SUCCESS', waiting(0), null] as const,
    ['FAILED', waiting(1), null] as const,
  ];
  for (const [index, [status, url, due]] of rows.entries()) {
    const id = START_TIME * IDS_PER_MS + index;
    const token = status === 'PROCESSING' ? 'token' : null;
    const reason = status === 'FAILED' ? 'rejected' : null;
    const end = START_TIME + 1_000_000_000;
    insertMessage.run(
      ...[id, `m${index}`, `s${index % 3}`, url, status, status === 'QUEUED' ? 0 : 1, token, due, reason],
      ...[end, START_TIME, due === null ? end : null],
    );
    if (status !== 'SUCCESS') insertRequest.run(id);
  }
  db.close();
}

test('a database of the first schema hands out all that waited in it, each once, and what is replayed', async () => {
  makeFirst();
  const clock = createManualClock();
  const store = await openSqliteStore({ folder, thread: false, clock });
  expect(await store.oldestDue()).toBe(START_TIME - 3);
  const take = async () => (await store.take(100)).entries.map(({ identity }) => identity.messageId).sort();
  // The lease of the process that is gone is over.
  expect(await take()).toEqual(['m0', 'm1', 'm2', 'm3', 'm5']);
  clock.advance(1_000);
  expect(await take()).toEqual(['m4']);
  expect(await store.replay({ messageId: 'm7' })).toEqual({ found: 1, replayed: 1 });
  expect(await take()).toEqual(['m7']);
  expect(await take()).toEqual([]);
  expect(await store.counts()).toEqual({ accepted: 8, succeeded: 1, failed: 0, waiting: 7 });
  await store.close();
});
