import { rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ANY_ORIGIN, STATUSES } from '@millrace/core';
import { aMessage, START_TIME } from '@millrace/core/testing';
import { openDatabase } from '../src/sqlite/database.ts';
import { createMessageEngine, type MessageEngine } from '../src/sqlite/message-engine.ts';
import { toMessageRecord } from '../src/sqlite/records.ts';
import { makeFolder } from './support/sqlite-harness.ts';

const FILTERS = [
  {},
  { senderId: 'billing' },
  { target: 'https://partner.example/' },
  { target: 'https://partner.example/hooks' },
  { reason: 'gone' },
  { from: START_TIME },
  { to: START_TIME },
] as const;

/** Every statement that one message's life, its duplicates and its operators need. */
function walkThrough(engine: MessageEngine): void {
  const now = START_TIME;
  const message = aMessage();
  const records = [toMessageRecord(message)];
  const row = message.identity;
  engine.endLeases({ now });
  engine.accept({ now, records, handOut: 0 });
  engine.accept({ now, records, handOut: 0 });
  engine.take({ now, limit: 10, returned: [], ...ANY_ORIGIN });
  engine.oldestDue();
  engine.claim({ now, claims: [{ row, round: 0, token: 'a', leaseMs: 1 }] });
  const error = { statusCode: 500, message: 'HTTP 500' };
  const settle = (
    round: number,
    token: string,
    result: Parameters<MessageEngine['settle']>[0]['settlements'][0]['result'],
  ) => engine.settle({ now, settlements: [{ row, round, token, result, error }] });
  settle(0, 'a', { kind: 'retry', due: now });
  engine.claim({ now, claims: [{ row, round: 1, token: 'b', leaseMs: 1 }] });
  settle(1, 'b', { kind: 'failure', reason: 'gone', requested: true });
  engine.replay({ now, name: { messageId: row.messageId } });
  engine.replay({ now, name: row });
  settle(3, 'c', { kind: 'success' });
  engine.handBack({ entries: [{ row, round: 3, until: now }] });
  engine.keepOrphans({ now, records: [toMessageRecord(aMessage())] });
  engine.get({ name: { messageId: row.messageId } });
  engine.get({ name: row });
  engine.counts();
  for (const status of [undefined, ...STATUSES]) {
    for (const filter of FILTERS) {
      const scan = {
        filter: status === undefined ? filter : { ...filter, status },
        before: Number.MAX_SAFE_INTEGER,
        limit: 3,
      };
      engine.list(scan);
      engine.count(scan);
      if (status === 'FAILED') engine.replayWindow({ now, ...scan });
    }
  }
  engine.removeExpired({ now: now + 100, limit: 10 });
  engine.beforeCommit();
}

describe('every statement of the engine', () => {
  let folder: string;
  let db: DatabaseSync;
  /** Statement → lines of its query plan. */
  const plans = new Map<string, string[]>();

  beforeAll(async () => {
    folder = await makeFolder();
    db = openDatabase({ folder }, (opened) => opened);
    const prepare = jest.spyOn(db, 'prepare');
    walkThrough(createMessageEngine(db, { succeededMs: 1, failedMs: 1 }));
    const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
    prepare.mockRestore();
    for (const sql of statements) {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      plans.set(
        sql.trim().replaceAll(/\s+/g, ' '),
        steps.map((step) => String(step['detail'])),
      );
    }
  });

  afterAll(async () => {
    db.close();
    await rm(folder, { recursive: true });
  });

  test('is seen here, and those on messages are many', () => {
    const tables = [...plans.keys()].filter((sql) => /\b(messages|requests)\b/.test(sql));
    expect(tables.length).toBeGreaterThan(30);
  });

  test('finds messages and requests through an index: none scans a table, and the queue only to count it', () => {
    const scans = [...plans].filter(([, plan]) => plan.some((step) => /^SCAN (messages|requests)\b/.test(step)));
    expect(scans).toEqual([
      [
        'SELECT count(*) AS n FROM messages WHERE due IS NOT NULL',
        ['SCAN messages USING COVERING INDEX messages_queue'],
      ],
    ]);
  });

  test('that looks for what waits in a lane reads the rows of that lane alone', () => {
    const queue = [...plans].filter(([sql]) => /^(SELECT id, due|UPDATE messages SET due = \?) /.test(sql));
    expect(queue.map(([, plan]) => plan)).toEqual([
      ['SEARCH messages USING INDEX messages_queue (sender_id=? AND origin=? AND due>?)'],
      ['SEARCH messages USING INDEX messages_queue (sender_id=? AND origin=? AND due>?)'],
    ]);
  });

  test('reads rows in the order of its index: only get, with the few of one name, sorts', () => {
    const sorts = [...plans].filter(([, plan]) => plan.some((step) => step.includes('TEMP B-TREE')));
    expect(sorts.map(([sql]) => sql)).toEqual(['SELECT * FROM messages WHERE message_id = ? ORDER BY id DESC']);
  });

  test('that looks for FAILED messages reads only those', () => {
    const failed = [...plans].filter(([sql]) => sql.startsWith('SELECT') && sql.includes("status = 'FAILED'"));
    expect(failed.length).toBeGreaterThan(5);
    for (const [, plan] of failed) expect(plan.join()).toMatch(/INDEX messages_failed/);
  });
});
