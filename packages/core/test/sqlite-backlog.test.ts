import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { openSqliteStore } from '@millrace/core/sqlite';
import { aMessage, createManualClock, DAY_MS, LEASE_MS, START_TIME, useHarness } from '@millrace/core/testing';
import fc from 'fast-check';
import { DATABASE_FILE, openDatabase } from '../src/sqlite/database.ts';
import { type Call, runGroup } from '../src/sqlite/group-commit.ts';
import { createMessageEngine, type MessageEngine } from '../src/sqlite/message-engine.ts';
import { toMessageRecord } from '../src/sqlite/records.ts';
import { APPLICATION_ID, MIGRATIONS } from '../src/sqlite/schema.ts';
import { makeFolder, openSqliteHarness } from './support/sqlite-harness.ts';

const SENDERS = ['a', 'b', 'c'];
const RETENTION = { succeededMs: DAY_MS, failedMs: 2 * DAY_MS };

let folder: string;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What waits of each sender, counted, and as the book has it. */
function books(db: DatabaseSync, engine: MessageEngine) {
  const rows = db
    .prepare('SELECT sender_id, count(*) AS n FROM messages WHERE due IS NOT NULL GROUP BY sender_id')
    .all();
  const counted = Object.fromEntries(rows.map((row) => [row['sender_id'], row['n']]));
  const kept = db.prepare('SELECT sender_id, waiting FROM backlog').all();
  return {
    counted,
    kept: Object.fromEntries(kept.map((row) => [row['sender_id'], row['waiting']])),
    told: SENDERS.map((senderId) => engine.waiting({ senders: [senderId] })),
    all: engine.waiting({ senders: 'all' }),
  };
}

type Step = (now: number) => Call;

const sender = fc.constantFrom(...SENDERS);
const messageId = fc.constantFrom('m', 'n');
const identityOf = (senderId: string, id: string) => aMessage({ senderId, messageId: id }).identity;

const accept = fc.tuple(sender, messageId, fc.constantFrom('x', 'x', 'y')).map(
  ([senderId, id, body]): Step =>
    (now) => ({
      operation: 'accept',
      argument: {
        now,
        handOut: 0,
        records: [toMessageRecord(aMessage({ senderId, messageId: id, body, expiresAt: now + DAY_MS }))],
      },
    }),
);
/** The database refuses it, and with it the group that it is in. */
const defective = sender.map(
  (senderId): Step =>
    (now) => ({
      operation: 'accept',
      argument: { now, handOut: 0, records: [toMessageRecord(aMessage({ senderId, maxAttempts: 0.5 }))] },
    }),
);
const claim = fc.tuple(sender, messageId, fc.nat(3)).map(
  ([senderId, id, round]): Step =>
    (now) => ({
      operation: 'claim',
      argument: { now, claims: [{ row: identityOf(senderId, id), round, token: 't', leaseMs: LEASE_MS }] },
    }),
);
const settle = fc.tuple(sender, messageId, fc.nat(3), fc.constantFrom('success', 'failure', 'retry')).map(
  ([senderId, id, round, kind]): Step =>
    (now) => ({
      operation: 'settle',
      argument: {
        now,
        settlements: [
          {
            ...{ row: identityOf(senderId, id), round, token: 't', error: null },
            result:
              kind === 'failure'
                ? { kind, reason: 'exhausted', requested: true }
                : kind === 'retry'
                  ? { kind, due: now }
                  : { kind: 'success' },
          },
        ],
      },
    }),
);
const replay = fc.tuple(messageId).map(
  ([id]): Step =>
    (now) => ({ operation: 'replay', argument: { now, name: { messageId: id } } }),
);
const keepOrphan = sender.map(
  (senderId): Step =>
    (now) => ({ operation: 'keepOrphans', argument: { now, records: [toMessageRecord(aMessage({ senderId }))] } }),
);
const removeExpired = fc.constant<Step>((now) => ({ operation: 'removeExpired', argument: { now, limit: 10 } }));
const step = fc.oneof(
  { weight: 5, arbitrary: accept },
  { weight: 4, arbitrary: claim },
  { weight: 4, arbitrary: settle },
  { weight: 2, arbitrary: replay },
  { weight: 1, arbitrary: defective },
  { weight: 1, arbitrary: keepOrphan },
  { weight: 1, arbitrary: removeExpired },
);
const group = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  days: fc.constantFrom(0, 0, 0, 1, 3),
});

describe('the backlog of a sender', () => {
  test('is what waits of it, after any groups of calls, some of which fail', () => {
    const db = openDatabase({ folder }, (opened) => opened);
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 12 }), (groups) => {
        db.exec('DELETE FROM messages; DELETE FROM requests; DELETE FROM backlog; UPDATE counters SET value = 0');
        const engine = createMessageEngine(db, RETENTION);
        let now = START_TIME;
        for (const { steps, days } of groups) {
          now += days * DAY_MS;
          runGroup(
            db,
            engine,
            steps.map((makeCall) => makeCall(now)),
          );
          const { counted, kept, told, all } = books(db, engine);
          expect(kept).toEqual(counted);
          expect(told).toEqual(SENDERS.map((senderId) => counted[senderId] ?? 0));
          expect(all).toBe(told.reduce((sum, waiting) => sum + waiting, 0));
        }
      }),
      { numRuns: 200 },
    );
    db.close();
  });

  test('is counted once when a database of an earlier version is opened', () => {
    const before = MIGRATIONS.findIndex((sql) => sql.includes('CREATE TABLE backlog'));
    const db = new DatabaseSync(path.join(folder, DATABASE_FILE));
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    for (const migration of MIGRATIONS.slice(0, before)) db.exec(migration);
    const insert = db.prepare(`
      INSERT INTO messages (id, message_id, sender_id, timestamp, target_url, content_hash, status, round, attempts, due,
        replays, past_attempts, max_attempts, lifetime, expires_at, updated_at)
      VALUES (?, ?, ?, '', '', '', ?, 0, 0, ?, 0, 0, 3, 0, 0, 0)`);
    insert.run(1, 'one', 'a', 'QUEUED', 5);
    insert.run(2, 'two', 'a', 'PROCESSING', 6);
    insert.run(3, 'three', 'b', 'RETRYING', 7);
    insert.run(4, 'four', 'c', 'SUCCESS', null);
    db.exec(`PRAGMA user_version = ${before}`);
    db.close();

    const migrated = openDatabase({ folder }, (opened) => opened);
    const { kept } = books(migrated, createMessageEngine(migrated, RETENTION));
    migrated.close();
    expect(kept).toEqual({ a: 2, b: 1 });
  });
});

describe.each([false, true])('a store (on a thread: %p)', (thread) => {
  const h = useHarness(() => openSqliteHarness({ thread }));

  test('tells what waits of some senders together, and of all, after a restart too', async () => {
    await h().store.accept(['a', 'a', 'b'].map((senderId) => aMessage({ senderId })));
    const ask = () =>
      Promise.all([['a'], ['a', 'b'], ['nobody'], [], 'all' as const].map((senders) => h().store.waiting(senders)));
    expect(await ask()).toEqual([2, 3, 0, 0, 3]);
    await h().restart();
    expect(await ask()).toEqual([2, 3, 0, 0, 3]);
  });
});

test('a store that is closed says so when it is asked for its backlog or its keys', async () => {
  const store = await openSqliteStore({ folder, thread: false, clock: createManualClock() });
  await store.close();
  await expect(store.waiting('all')).rejects.toThrow(StoreUnavailableError);
  await expect(store.keys.list()).rejects.toThrow(StoreUnavailableError);
});
