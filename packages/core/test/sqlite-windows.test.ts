import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import { DATABASE_FILE } from '../src/sqlite/database.ts';
import { IDS_PER_MS } from '../src/sqlite/schema.ts';
import { makeFolder } from './support/sqlite-harness.ts';

/** More than one page of a listing looks through. */
const ROWS = 201_000;
/** Of the sender that the tests look for: three rows of every 40,000, which lie on both sides of a window's edge. */
const isRare = (row: number): boolean => [21_000, 21_001, 21_002].includes(row % 40_000);

/** As they are after `accept` and a failure, m1 the oldest. */
function insertRows(folder: string): void {
  const db = new DatabaseSync(path.join(folder, DATABASE_FILE));
  db.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO messages
    SELECT ${START_TIME * IDS_PER_MS} + i, 'm' || i, CASE WHEN i % 40000 IN (21000, 21001, 21002) THEN 'rare' ELSE 'common' END,
      '2026-11-22T10:00:00Z', 'https://partner.example/', 'hash', 'FAILED', 0, 1, NULL, NULL, 'gone', 0, 0, 3, 1000,
      ${START_TIME + 1_000}, ${START_TIME}, NULL, NULL, NULL, ${START_TIME + 1_000_000}
    FROM n;
    INSERT INTO requests (id, method, headers, body) SELECT id, 'POST', '[]', x'' FROM messages;
    UPDATE counters SET value = ${ROWS} WHERE name IN ('accepted', 'failed')`);
  db.close();
}

describe('a store of more messages than one call looks through', () => {
  let folder: string;
  let store: SqliteStore;

  beforeAll(async () => {
    folder = await makeFolder();
    const open = () => openSqliteStore({ folder, thread: false, clock: createManualClock() });
    await (await open()).close();
    insertRows(folder);
    store = await open();
  }, 60_000);

  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const rows = Array.from({ length: ROWS }, (_, index) => ROWS - index);
  const rareIds = rows.filter(isRare).map((row) => `m${row}`);

  test.each([
    ['FAILED ones', { status: 'FAILED' } as const],
    ['all', {}],
  ])('lists the few that match among %s, page by page; a page may come back short', async (_, status) => {
    const found: string[] = [];
    const lengths: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const position = cursor === undefined ? {} : { cursor };
      const page = await store.list({ ...status, ...position, senderId: 'rare', limit: 20 });
      found.push(...page.messages.map(({ identity }) => identity.messageId));
      lengths.push(page.messages.length);
      cursor = page.cursor;
    }
    expect(found).toEqual(rareIds);
    expect(lengths).toHaveLength(2);
  });

  test('counts and replays the few that match, and no other', async () => {
    const query = { senderId: 'rare', limit: 10 };
    expect(await store.replayMany({ ...query, dryRun: true })).toMatchObject({ replayed: 0, remaining: 15 });
    const first = await store.replayMany({ ...query, dryRun: false });
    expect(first).toMatchObject({ replayed: 10, remaining: 5 });
    const second = await store.replayMany({ ...query, dryRun: false, cursor: first.cursor ?? '' });
    expect(second).toEqual({ replayed: 5, remaining: 0, cursor: null });
    expect(await store.counts()).toEqual({ accepted: ROWS, succeeded: 0, failed: ROWS - 15, waiting: 15 });
  });
});
