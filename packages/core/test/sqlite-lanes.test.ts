import { DatabaseSync } from 'node:sqlite';
import { describe, expect, jest, test } from '@jest/globals';
import { type Entry, type Lane, laneOf } from '@millrace/core';
import { aMessage, LEASE_MS, only, retry, START_TIME, settle, useHarness, won } from '@millrace/core/testing';
import { openSqliteHarness } from './support/sqlite-harness.ts';

const SLOW: Lane = { senderId: 'billing', origin: 'https://slow.example' };
const QUICK: Lane = { senderId: 'billing', origin: 'https://quick.example' };
const OTHER: Lane = { senderId: 'shop', origin: 'https://quick.example' };

/** Of SQLite: SQLITE_IOERR. */
const DISK_ERROR = 10;

const messageTo = ({ senderId, origin }: Lane) => aMessage({ senderId, targetUrl: `${origin}/hooks` });
const messagesTo = (lane: Lane, count: number) => Array.from({ length: count }, () => messageTo(lane));
const lanesOf = (entries: readonly Entry[]): Lane[] => entries.map(({ identity }) => laneOf(identity));
/** So many places of one origin, and any of the others. */
const placesOf = (origin: string, places: number) => ({ byOrigin: new Map([[origin, places]]), others: 1_000 });

describe.each([{ handOff: false }, { handOff: true }])('lanes (%o)', (options) => {
  const h = useHarness(() => openSqliteHarness(options));
  const take = async (limit: number, ...origins: [] | [ReturnType<typeof placesOf>]) =>
    lanesOf((await h().store.take(limit, ...origins)).entries);

  test('share what is taken, though one of them has a backlog', async () => {
    await h().receive(1);
    await h().store.accept(messagesTo(SLOW, 300));
    await h().store.accept([...messagesTo(QUICK, 3), ...messagesTo(OTHER, 3)]);
    const taken = await take(20);
    const quick = taken.filter(({ origin }) => origin === QUICK.origin);
    // What was handed over at once is older than the others' messages.
    if (!options.handOff) expect(quick).toHaveLength(6);
    expect(taken).toHaveLength(20);
  });

  test('whose origin is full leave what others may have to them', async () => {
    await h().receive(1);
    await h().store.accept(messagesTo(SLOW, 300));
    expect(await take(100, placesOf(SLOW.origin, 2))).toEqual([SLOW, SLOW]);
    await h().store.accept([messageTo(SLOW), messageTo(QUICK)]);
    expect(await take(100, placesOf(SLOW.origin, 0))).toEqual([QUICK]);
    expect(await take(100, placesOf(SLOW.origin, 0))).toEqual([]);
    expect(await take(100, placesOf(SLOW.origin, 1))).toEqual([SLOW]);
  });

  test('go on behind a message that was put off, also when the clock was set back meanwhile', async () => {
    await h().store.accept(messagesTo(SLOW, 2));
    const entry = only(await h().receive(1));
    await h().store.handBack([{ entry, until: START_TIME + 100_000 }]);
    h().clock.advance(-5_000);
    expect(await take(10)).toEqual([]);
    h().clock.advance(5_000);
    expect(await take(10)).toEqual([SLOW]);
    h().clock.advance(100_000);
    expect(await take(10)).toEqual([SLOW]);
  });

  test('of one origin share its places', async () => {
    await h().store.accept([...messagesTo(QUICK, 100), ...messagesTo(OTHER, 1)]);
    expect(await take(100, placesOf(QUICK.origin, 2))).toEqual([QUICK, OTHER]);
  });

  test('of another origin go on at once, handed over without asking the database, while one is full', async () => {
    if (!options.handOff) return;
    await h().receive(1);
    await h().store.accept(messagesTo(SLOW, 5));
    await take(100, placesOf(SLOW.origin, 1));
    await h().store.accept([messageTo(QUICK)]);
    const { entries, nextDue } = await h().store.take(100, placesOf(SLOW.origin, 0));
    expect(lanesOf(entries)).toEqual([QUICK]);
    expect(nextDue).toBeNull();
  });
});

test('messages that were handed over and find no place for long take their turns with others again', async () => {
  const h = await openSqliteHarness({ handOff: true });
  const take = async (places: number) => lanesOf((await h.store.take(10, placesOf(QUICK.origin, places))).entries);
  await h.receive(1);
  await h.store.accept(messagesTo(QUICK, 5));
  expect(await take(0)).toEqual([]);
  h.clock.advance(500);
  expect(await take(1)).toEqual([QUICK]);
  h.clock.advance(1);
  expect(await take(0)).toEqual([]);
  await h.store.accept([messageTo(OTHER)]);
  expect(await take(2)).toEqual([QUICK, OTHER]);
  expect(await take(10)).toEqual([QUICK, QUICK, QUICK]);
  await h.close();
});

describe.each([{ handOff: false }, { handOff: true }])('a lane that is held (%o)', (options) => {
  const h = useHarness(() => openSqliteHarness(options));
  const take = async () => lanesOf(await h().receive(100));

  test('is not handed out before its time, whenever its messages came; others are', async () => {
    await h().receive(1);
    await h().store.accept(messagesTo(SLOW, 2));
    await h().store.holdLane(SLOW, START_TIME + 1_000);
    await h().store.accept([messageTo(SLOW), messageTo(QUICK)]);
    expect(await take()).toEqual([QUICK]);
    h().clock.advance(999);
    expect(await take()).toEqual([]);
    h().clock.advance(1);
    expect(await take()).toEqual([SLOW, SLOW, SLOW]);
  });

  test('holds only the messages of its sender to its origin', async () => {
    await h().store.holdLane(QUICK, START_TIME + 1_000);
    await h().store.accept([messageTo(QUICK), messageTo(OTHER), messageTo(SLOW)]);
    expect((await take()).toSorted((a, b) => a.senderId.localeCompare(b.senderId))).toEqual([SLOW, OTHER]);
  });

  test('is handed out when it is released, and a later word counts in place of an earlier', async () => {
    await h().store.accept([messageTo(SLOW)]);
    await h().store.holdLane(SLOW, START_TIME + 1_000);
    await h().store.holdLane(SLOW, Number.POSITIVE_INFINITY);
    h().clock.advance(365 * 86_400_000);
    expect(await take()).toEqual([]);
    await h().store.releaseLane(SLOW);
    expect(await take()).toEqual([SLOW]);
  });

  test('holds retries and leases that end as well', async () => {
    await h().store.accept([messageTo(SLOW)]);
    const attempt = await won(h().store, only(await h().receive(1)));
    await h().store.holdLane(SLOW, START_TIME + 2 * LEASE_MS);
    await settle(h().store, attempt, retry(START_TIME + 10));
    h().clock.advance(LEASE_MS);
    expect(await take()).toEqual([]);
    h().clock.advance(LEASE_MS);
    expect(await take()).toEqual([SLOW]);
  });

  test('is not held for ever because the clock is set back: as long as it would have been', async () => {
    await h().store.accept([messageTo(SLOW)]);
    await h().store.holdLane(SLOW, START_TIME + 1_000);
    // The message itself is from before the clock was set back.
    h().clock.advance(1_000_000);
    await h().store.holdLane(SLOW, h().clock.now() + 1_000);
    expect(await take()).toEqual([]);
    h().clock.advance(-900_000);
    expect(await take()).toEqual([]);
    h().clock.advance(1_000);
    expect(await take()).toEqual([SLOW]);
  });

  test('is not looked at any more when its hold is over and nothing waits in it', async () => {
    await h().store.accept([messageTo(SLOW)]);
    await h().store.holdLane(SLOW, START_TIME);
    const { entries } = await h().store.take(10);
    expect(entries).toHaveLength(1);
    await settle(h().store, await won(h().store, only(entries)), { kind: 'success' });
    h().clock.advance(LEASE_MS);
    await h().store.take(10);
    expect(await h().store.take(10)).toEqual({ entries: [], nextDue: null });
  });

  test('tells when it may be asked for again, and wakes who listens', async () => {
    const listener = jest.fn();
    h().store.onWork(listener);
    await h().store.accept([messageTo(SLOW)]);
    listener.mockClear();
    await h().store.holdLane(SLOW, START_TIME + 1_000);
    expect(listener).toHaveBeenCalled();
    expect(await h().store.take(10)).toEqual({ entries: [], nextDue: START_TIME + 1_000 });
    listener.mockClear();
    await h().store.releaseLane(SLOW);
    expect(listener).toHaveBeenCalled();
  });

  test('is not held by a process that starts anew', async () => {
    await h().store.accept([messageTo(SLOW)]);
    await h().store.holdLane(SLOW, Number.POSITIVE_INFINITY);
    await h().restart();
    expect(await take()).toEqual([SLOW]);
  });
});

test('what was handed over before its lane was held and not taken yet goes back to the queue', async () => {
  const h = await openSqliteHarness({ handOff: true });
  await h.receive(1);
  const accepting = h.store.accept([messageTo(SLOW)]);
  const holding = h.store.holdLane(SLOW, START_TIME + 1_000);
  await Promise.all([accepting, holding]);
  expect(await h.receive(10)).toEqual([]);
  h.clock.advance(1_000);
  expect(lanesOf(await h.receive(10))).toEqual([SLOW]);
  await h.close();
});

test('what cannot go back to the queue when its lane is held is handed out all the same, not forgotten', async () => {
  const h = await openSqliteHarness({ handOff: true });
  await h.receive(1);
  let commits = 0;
  const { exec } = DatabaseSync.prototype;
  const broken = jest.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
    this: DatabaseSync,
    sql: string,
  ) {
    if (sql === 'COMMIT') commits += 1;
    if (sql === 'COMMIT' && commits === 2) throw Object.assign(new Error('disk I/O error'), { errcode: DISK_ERROR });
    exec.call(this, sql);
  });
  const accepting = h.store.accept([messageTo(SLOW)]);
  const holding = h.store.holdLane(SLOW, START_TIME + 1_000);
  expect(await accepting).toEqual([{ kind: 'accepted' }]);
  await expect(holding).rejects.toMatchObject({ code: 'store-unavailable' });
  broken.mockRestore();
  expect(lanesOf(await h.receive(10))).toEqual([SLOW]);
  await h.close();
});
