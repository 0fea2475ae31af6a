import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Message, StoreUnavailableError } from '@millrace/core';
import { openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import {
  aMessage,
  createManualClock,
  DEDUPE_MS,
  LEASE_MS,
  type ManualClock,
  only,
  SUCCESS,
  settle,
  useHarness,
  won,
} from '@millrace/core/testing';
import { makeFolder, openSqliteHarness } from './support/sqlite-harness.ts';

const LIMIT = 1_024 * 1_024;

function bigMessage(kib = 40): Message {
  return aMessage({ body: new Uint8Array(kib * 1_024).fill(7) });
}

/** Accepts messages until there is no room for another; tells which were accepted. */
async function fill(store: SqliteStore, kib?: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < 1_000) {
    const message = bigMessage(kib);
    const error = await store.accept([message]).then(
      () => undefined,
      (refused: unknown) => refused,
    );
    if (error !== undefined) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error).toMatchObject({ retryable: true, message: 'the database cannot write: database or disk is full' });
      return messages;
    }
    messages.push(message);
  }
  throw new Error('the limit does not bind');
}

async function expectBooksAddUp(store: SqliteStore, accepted: number): Promise<void> {
  const counts = await store.counts();
  expect(counts.accepted).toBe(accepted);
  expect(counts.succeeded + counts.failed + counts.waiting).toBe(accepted);
}

describe.each([false, true])('a full database (on a thread: %p)', (thread) => {
  const h = useHarness(() => openSqliteHarness({ thread, maxBytes: LIMIT }));

  test('refuses messages as unavailable, and health names the part and the reason', async () => {
    const accepted = await fill(h().store);
    expect(accepted.length).toBeGreaterThan(10);
    expect(await h().store.health()).toEqual([{ part: 'database', detail: expect.stringContaining('full') }]);
    await expectBooksAddUp(h().store, accepted.length);
  });

  test('keeps nothing of a batch for which it has no room', async () => {
    const accepted = await fill(h().store);
    const batch = [aMessage({ body: 'small' }), ...Array.from({ length: 5 }, () => bigMessage())];
    await expect(h().store.accept(batch)).rejects.toThrow(StoreUnavailableError);
    for (const { identity } of batch) expect(await h().store.get(identity)).toEqual([]);
    await expectBooksAddUp(h().store, accepted.length);
    await h().restart();
    await expectBooksAddUp(h().store, accepted.length);
  });

  test('still answers what it knows, and hands out and settles what it has; a delivered body makes room', async () => {
    const accepted = await fill(h().store);
    const entries = await h().receive(2);
    expect(entries.map(({ identity }) => identity)).toEqual(accepted.slice(0, 2).map(({ identity }) => identity));
    for (const entry of entries) expect(await settle(h().store, await won(h().store, entry), SUCCESS)).toBe('settled');
    await expectBooksAddUp(h().store, accepted.length);

    expect(await h().store.health()).toEqual([]);
    expect(await h().store.accept([bigMessage()])).toEqual([{ kind: 'accepted' }]);
    await expectBooksAddUp(h().store, accepted.length + 1);
  });

  test('gets room from messages that are removed after their time', async () => {
    // Nearly all of what is stored are rows of ended messages: their bodies are gone.
    let ended = 0;
    for (let full = false; !full && ended < 10_000; ) {
      const batch = Array.from({ length: 100 }, () => aMessage({ body: '' }));
      full = await h()
        .store.accept(batch)
        .then(
          () => false,
          () => true,
        );
      const entries = await h().receive(100);
      await h().store.claim(entries.map((entry) => ({ entry, token: 't', leaseMs: LEASE_MS })));
      await h().store.settle(entries.map((entry) => ({ entry, token: 't', result: SUCCESS, error: null })));
      ended += entries.length;
    }
    expect(ended).toBeGreaterThan(500);
    await fill(h().store, 1);
    h().clock.advance(DEDUPE_MS);
    expect(await h().store.removeExpired()).toBe(ended);
    expect(await h().store.health()).toEqual([]);
    await expect(h().store.accept([bigMessage()])).resolves.toEqual([{ kind: 'accepted' }]);
  });

  test('delivers all that it has accepted', async () => {
    let accepted = 0;
    const offer = () => h().store.accept(Array.from({ length: 10 }, () => aMessage({ body: '' })));
    while (await offer().then(Boolean, () => false)) accepted += 10;
    expect(accepted).toBeGreaterThan(500);
    const entries = await h().receive(accepted);
    expect(entries).toHaveLength(accepted);
    const token = 'a token as long as those that workers have';
    // As many at once as workers have under way.
    for (let first = 0; first < accepted; first += 128) {
      const underWay = entries.slice(first, first + 128);
      await h().store.claim(underWay.map((entry) => ({ entry, token, leaseMs: LEASE_MS })));
      await h().store.settle(underWay.map((entry) => ({ entry, token, result: SUCCESS, error: null })));
    }
    expect(await h().store.counts()).toEqual({ accepted, succeeded: accepted, failed: 0, waiting: 0 });
  });

  test('stores results and removes old messages while refused messages keep coming', async () => {
    await fill(h().store);
    const attempt = await won(h().store, only(await h().receive(1)));
    // In one group with messages for which there is no room, before and after it.
    const answers = await Promise.allSettled([
      h().store.accept([bigMessage(500)]),
      settle(h().store, attempt, SUCCESS),
      h().store.removeExpired(),
      h().store.accept([bigMessage(500)]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected']);
    expect(await h().store.get(attempt.entry.identity)).toMatchObject([{ status: 'SUCCESS' }]);
  });
});

describe('a full database that is opened with a higher limit', () => {
  let folder: string;
  let clock: ManualClock;

  beforeEach(async () => {
    folder = await makeFolder();
    clock = createManualClock();
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('has lost nothing, and accepts again', async () => {
    const full = await openSqliteStore({ folder, clock, thread: false, maxBytes: LIMIT });
    const accepted = await fill(full);
    await full.close();

    const tight = await openSqliteStore({ folder, clock, thread: false, maxBytes: LIMIT / 2 });
    await expect(tight.accept([bigMessage()])).rejects.toThrow(StoreUnavailableError);
    expect(await tight.health()).toMatchObject([{ part: 'database' }]);
    await tight.close();

    const store = await openSqliteStore({ folder, clock, thread: false, maxBytes: 2 * LIMIT });
    expect(await store.health()).toEqual([]);
    for (const { identity } of accepted) expect(await store.get(identity)).toMatchObject([{ status: 'QUEUED' }]);
    expect(await store.accept([bigMessage()])).toEqual([{ kind: 'accepted' }]);
    await expectBooksAddUp(store, accepted.length + 1);
    await store.close();
  });
});
