import { describe, expect, jest, test } from '@jest/globals';
import {
  accepted,
  aMessage,
  anEntry,
  claim,
  failure,
  LEASE_MS,
  only,
  retry,
  START_TIME,
  SUCCESS,
  settle,
  useHarness,
  withHarness,
  won,
} from '@millrace/core/testing';
import { createHandedOut } from '../src/sqlite/handed-out.ts';
import { openSqliteHarness } from './support/sqlite-harness.ts';

describe('what is handed out', () => {
  const lane = { senderId: 'billing', origin: 'https://partner.example' };
  const row = (until: number) => ({ lane, due: 0, until });

  test('is held until its time, or until it is released', () => {
    const handedOut = createHandedOut();
    handedOut.hold(1, row(100));
    handedOut.hold(2, row(200));
    expect([1, 2, 3].map(handedOut.heldUntil)).toEqual([100, 200, 0]);
    expect(handedOut.release(2)).toEqual(row(200));
    expect(handedOut.release(2)).toBeUndefined();
    expect([1, 2].map(handedOut.heldUntil)).toEqual([100, 0]);
  });

  test('in a transaction that failed is as it was before; in earlier ones as they left it', () => {
    const handedOut = createHandedOut();
    handedOut.hold(1, row(100));
    handedOut.hold(2, row(100));
    handedOut.keep();
    handedOut.release(1);
    handedOut.hold(1, row(200));
    handedOut.release(2);
    handedOut.hold(3, row(200));
    handedOut.discard();
    expect([1, 2, 3].map(handedOut.heldUntil)).toEqual([100, 100, 0]);
    handedOut.discard();
    expect([...handedOut.all()]).toEqual([row(100), row(100)]);
  });
});

describe('take', () => {
  const h = useHarness(() => openSqliteHarness());
  const ids = (entries: readonly { readonly identity: { readonly messageId: string } }[]) =>
    entries.map(({ identity }) => identity.messageId);

  test('hands each due entry out once, the one that is due longest first, up to the limit', async () => {
    for (const messageId of ['a', 'b', 'c']) {
      await accepted(h().store, { messageId });
      h().clock.advance(1);
    }
    expect(ids(await h().receive(2))).toEqual(['a', 'b']);
    expect(ids(await h().receive(2))).toEqual(['c']);
    expect(await h().receive(2)).toEqual([]);
  });

  test('does not offer an entry again, however long its taker waits to claim it', async () => {
    await accepted(h().store);
    await h().receive(1);
    h().clock.advance(10 * LEASE_MS);
    expect(await h().receive(1)).toEqual([]);
  });

  test('offers a released entry again, and only that one', async () => {
    await h().store.accept(['a', 'b'].map((messageId) => aMessage({ messageId })));
    const [first] = await h().receive(2);
    await h().store.release(first === undefined ? [] : [first]);
    expect(ids(await h().receive(2))).toEqual(['a']);
  });

  test('does not offer an entry again while its claim is live, whatever a stale or busy copy does', async () => {
    await accepted(h().store);
    const entry = only(await h().receive(1));
    const attempt = await won(h().store, entry);
    await claim(h().store, entry);
    expect(await h().receive(1)).toEqual([]);
    await settle(h().store, attempt, retry(START_TIME));
    const next = only(await h().receive(1));
    expect(await claim(h().store, entry)).toEqual({ kind: 'stale' });
    expect(await h().receive(1)).toEqual([]);
    expect(await claim(h().store, next)).toMatchObject({ kind: 'won' });
  });

  test('finds due entries behind any number of those that are handed out', async () => {
    await h().store.accept(Array.from({ length: 50 }, () => aMessage()));
    await h().receive(49);
    expect(await h().receive(10)).toHaveLength(1);
  });

  test('tells before when no entry falls due: a retry, a lease, a hand-back; null when none waits', async () => {
    const nextDue = async () => (await h().store.take(10)).nextDue;
    expect(await nextDue()).toBeNull();

    await accepted(h().store);
    const attempt = await won(h().store, only(await h().receive(1)));
    expect(await nextDue()).toBe(START_TIME + LEASE_MS);
    await settle(h().store, attempt, retry(START_TIME + 5_000));
    expect(await nextDue()).toBe(START_TIME + 5_000);

    h().clock.advance(5_000);
    const entry = only(await h().receive(1));
    await h().store.handBack([{ entry, until: START_TIME + 7_000 }]);
    expect(await nextDue()).toBe(START_TIME + 7_000);

    h().clock.advance(2_000);
    await settle(h().store, await won(h().store, only(await h().receive(1))), SUCCESS);
    h().clock.advance(LEASE_MS);
    expect(await nextDue()).toBeNull();
  });

  test.each([{ handOff: true }, { handOff: false }])(
    'a message from before the clock was set back waits for its time and holds no other up (%o)',
    async (options) => {
      await withHarness(
        () => openSqliteHarness(options),
        async (h) => {
          // New messages are handed over only when it is known that none is due.
          expect(await h.receive(1)).toEqual([]);
          await accepted(h.store, { messageId: 'early' });
          h.clock.advance(-1_000);
          await accepted(h.store, { messageId: 'late' });
          expect(ids(await h.receive(2))).toEqual(['late']);
          expect(await h.receive(2)).toEqual([]);
          h.clock.advance(1_000);
          expect(ids(await h.receive(2))).toEqual(['early']);
        },
      );
    },
  );

  test('oldestDue tells since when or from when the longest waiting message is due; null when none waits', async () => {
    expect(await h().store.oldestDue()).toBeNull();
    await accepted(h().store);
    h().clock.advance(500);
    await accepted(h().store);
    expect(await h().store.oldestDue()).toBe(START_TIME);

    const [first, second] = await h().receive(2);
    const attempts = [await won(h().store, first ?? anEntry()), await won(h().store, second ?? anEntry())];
    expect(await h().store.oldestDue()).toBe(START_TIME + 500 + LEASE_MS);
    for (const attempt of attempts) await settle(h().store, attempt, SUCCESS);
    expect(await h().store.oldestDue()).toBeNull();
  });

  test('oldestDue passes over a message that was handed back until later: it is due then', async () => {
    await accepted(h().store);
    const [entry = anEntry()] = await h().receive(1);
    const until = START_TIME + 60_000;
    await h().store.handBack([{ entry, until }]);
    expect(await h().store.oldestDue()).toBe(until);
    h().clock.advance(500);
    await accepted(h().store);
    expect(await h().store.oldestDue()).toBe(START_TIME + 500);
    h().clock.set(until);
    expect(await h().store.oldestDue()).toBe(START_TIME);
  });

  test('the listeners for work are called whenever an entry may have come to be due', async () => {
    const listener = jest.fn();
    h().store.onWork(listener);
    const expectCall = (): void => {
      expect(listener).toHaveBeenCalled();
      listener.mockClear();
    };
    const message = await accepted(h().store);
    expectCall();
    await h().store.accept([message]);
    expect(listener).not.toHaveBeenCalled();

    const first = only(await h().receive(1));
    await h().store.release([first]);
    expectCall();
    const entry = only(await h().receive(1));
    await h().store.handBack([{ entry, until: START_TIME }]);
    expectCall();
    const attempt = await won(h().store, only(await h().receive(1)));
    await settle(h().store, attempt, retry(START_TIME));
    expectCall();
    await settle(h().store, await won(h().store, only(await h().receive(1))), failure());
    listener.mockClear();
    await h().store.replay(message.identity);
    expectCall();
    await settle(h().store, await won(h().store, only(await h().receive(1))), failure());
    listener.mockClear();
    await h().store.replayMany({ limit: 1, dryRun: false });
    expectCall();
  });

  test('an entry that was made elsewhere is claimed and settled by its identity', async () => {
    const message = await accepted(h().store);
    const entry = anEntry({ ...message.identity, ...message.request });
    const attempt = await won(h().store, entry);
    expect(await settle(h().store, attempt, SUCCESS)).toBe('settled');
    expect(await h().store.get(message.identity)).toMatchObject([{ status: 'SUCCESS' }]);
  });
});
