import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import type { MessagePage, MessageView } from '@millrace/core';
import {
  accepted,
  aMessage,
  claim,
  DAY_MS,
  DEDUPE_MS,
  FAILED_MS,
  failure,
  LEASE_MS,
  START_TIME,
  SUCCESS,
  settle,
  settledWith,
  useHarness,
} from '@millrace/core/testing';
import { DATABASE_FILE } from '../src/sqlite/database.ts';
import { openSqliteHarness, type SqliteHarness } from './support/sqlite-harness.ts';

async function deliver(h: SqliteHarness, count: number): Promise<void> {
  await h.store.accept(Array.from({ length: count }, () => aMessage()));
  const entries = await h.receive(count);
  await h.store.claim(entries.map((entry) => ({ entry, token: 't', leaseMs: LEASE_MS })));
  await h.store.settle(entries.map((entry) => ({ entry, token: 't', result: SUCCESS, error: null })));
}

/** What is in the file, past the store; it is open again afterwards. */
async function storedColumn(h: SqliteHarness, table: string, column: string): Promise<unknown[]> {
  await h.store.close();
  const db = new DatabaseSync(path.join(h.folder, DATABASE_FILE), { readOnly: true });
  const rows = db.prepare(`SELECT ${column} FROM ${table}`).all();
  db.close();
  await h.restart();
  return rows.map((row) => row[column]);
}

describe('removeExpired', () => {
  const h = useHarness(() => openSqliteHarness());

  test('removes what ended its time ago, and nothing else; the books keep it', async () => {
    const waiting = await accepted(h().store);
    await h().receive(1);
    const delivered = await settledWith(h(), SUCCESS);
    const failed = await settledWith(h(), failure());

    h().clock.advance(DEDUPE_MS - 1);
    expect(await h().store.removeExpired()).toBe(0);
    h().clock.advance(1);
    expect(await h().store.removeExpired()).toBe(1);
    expect(await h().store.get(delivered.entry.identity)).toEqual([]);
    expect(await h().store.get(failed.entry.identity)).toHaveLength(1);

    h().clock.advance(FAILED_MS - DEDUPE_MS - 1);
    expect(await h().store.removeExpired()).toBe(0);
    h().clock.advance(1);
    expect(await h().store.removeExpired()).toBe(1);
    expect(await h().store.get(failed.entry.identity)).toEqual([]);

    h().clock.advance(365 * DAY_MS);
    expect(await h().store.removeExpired()).toBe(0);
    expect(await h().store.get(waiting.identity)).toHaveLength(1);
    expect(await h().store.counts()).toEqual({ accepted: 3, succeeded: 1, failed: 1, waiting: 1 });
  });

  test('removes what is known of targets when it says nothing any more', async () => {
    const hold = { kind: 'retry-after', since: START_TIME, until: START_TIME + 5_000, why: 'HTTP 429' } as const;
    const gone = { kind: 'gone', since: START_TIME, why: 'HTTP 410' } as const;
    await h().store.circuits.write([
      { key: { senderId: 'billing', target: 'https://a.example' }, state: { circuit: null, hold }, seen: null },
      { key: { senderId: 'billing', target: 'https://b.example/' }, state: { circuit: null, hold: gone }, seen: null },
    ]);
    h().clock.advance(5_000);
    await h().store.removeExpired();
    expect(await storedColumn(h(), 'targets', 'target')).toEqual(['https://b.example/']);
  });

  test('leaves a replayed message alone', async () => {
    const { entry } = await settledWith(h(), failure());
    await h().store.replay(entry.identity);
    h().clock.advance(FAILED_MS);
    expect(await h().store.removeExpired()).toBe(0);
    expect(await h().receive(1)).toHaveLength(1);
  });

  test('leaves nothing for old entries: a claim is told that the message is missing, a result is dropped', async () => {
    const attempt = await settledWith(h(), SUCCESS);
    h().clock.advance(DEDUPE_MS);
    await h().store.removeExpired();
    expect(await claim(h().store, attempt.entry)).toEqual({ kind: 'missing' });
    expect(await settle(h().store, attempt, failure())).toBe('acknowledge');
    expect(await h().store.counts()).toEqual({ accepted: 1, succeeded: 1, failed: 0, waiting: 0 });
  });

  test('goes in slices, between which other calls are answered', async () => {
    await deliver(h(), 1_201);
    h().clock.advance(DEDUPE_MS);
    let isDone = false;
    const removing = h()
      .store.removeExpired()
      .then((removed) => {
        isDone = true;
        return removed;
      });
    let answers = 0;
    for (; !isDone; answers++) await h().store.counts();
    expect(await removing).toBe(1_201);
    expect(answers).toBeGreaterThanOrEqual(3);
  });
});

describe('a body', () => {
  const h = useHarness(() => openSqliteHarness());

  async function storedBodies(): Promise<string[]> {
    const bodies = await storedColumn(h(), 'requests', 'body');
    return bodies.map((body) => Buffer.from(body as Uint8Array).toString());
  }

  test('is gone when it is delivered; a failed one is kept for its replay until the message is removed', async () => {
    await settledWith(h(), SUCCESS, { body: 'delivered' });
    await settledWith(h(), failure(), { body: 'failed' });
    expect(await storedBodies()).toEqual(['failed']);
    h().clock.advance(FAILED_MS);
    await h().store.removeExpired();
    expect(await storedBodies()).toEqual([]);
  });
});

describe('a clock that goes backwards', () => {
  const h = useHarness(() => openSqliteHarness());

  test('keeps messages in the order of their acceptance, also after a new start', async () => {
    for (const messageId of ['first', 'second', 'third', 'fourth']) {
      await accepted(h().store, { messageId });
      h().clock.advance(-DAY_MS);
      if (messageId === 'second') await h().restart();
    }
    const found: MessageView[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: MessagePage = await h().store.list({ limit: 1, ...(cursor === null ? {} : { cursor }) });
      found.push(...page.messages);
      cursor = page.cursor;
      if (cursor === null) break;
    }
    expect(found.map(({ identity }) => identity.messageId)).toEqual(['fourth', 'third', 'second', 'first']);
    expect(found.map(({ acceptedAt }) => acceptedAt)).toEqual(found.map(() => START_TIME));
  });
});
