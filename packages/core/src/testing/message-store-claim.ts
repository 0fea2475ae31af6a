/** What `MessageStore.claim` promises: the table of claims, row by row. */

import { describe, expect, test } from '@jest/globals';
import { anEntry } from './factories.ts';
import { START_TIME } from './manual-clock.ts';
import type { OpenHarness } from './message-store-harness.ts';
import {
  accepted,
  acceptedEntry,
  attempted,
  claim,
  failure,
  LEASE_MS,
  only,
  received,
  retry,
  SUCCESS,
  settle,
  settledWith,
  view,
  won,
} from './message-store-steps.ts';
import { useHarness } from './use-harness.ts';

export function describeClaim(open: OpenHarness): void {
  describe('claim', () => {
    const h = useHarness(open);

    test('won: a QUEUED message, by its entry; the lease begins, the attempt counts', async () => {
      const entry = await acceptedEntry(h());
      h().clock.advance(5);
      const leaseUntil = h().clock.now() + LEASE_MS;
      const since = START_TIME;
      expect(await claim(h().store, entry)).toEqual({ kind: 'won', attempt: 1, leaseUntil, takeover: false, since });
      expect(await view(h().store, entry)).toMatchObject({
        status: 'PROCESSING',
        attempts: 1,
        totalAttempts: 1,
        updatedAt: h().clock.now(),
        nextAttemptAt: leaseUntil,
      });
    });

    test('won: a RETRYING message, by the entry of its round', async () => {
      await settledWith(h(), retry(h().clock.now() + 1_000));
      h().clock.advance(1_000);
      expect(await claim(h().store, await received(h()))).toMatchObject({ kind: 'won', attempt: 2, takeover: false });
    });

    test('won by takeover: a PROCESSING message from the moment its lease is over', async () => {
      const { entry } = await attempted(h());
      h().clock.advance(LEASE_MS);
      const leaseUntil = h().clock.now() + LEASE_MS;
      const since = START_TIME;
      expect(await claim(h().store, entry)).toEqual({ kind: 'won', attempt: 2, leaseUntil, takeover: true, since });
      expect(await view(h().store, entry)).toMatchObject({ status: 'PROCESSING', nextAttemptAt: leaseUntil });
    });

    test('won by takeover past the plan: the attempt is told, and ends without a request', async () => {
      const { entry } = await attempted(h(), { maxAttempts: 1 });
      h().clock.advance(LEASE_MS);
      const attempt = await won(h().store, entry);
      expect(attempt.number).toBe(2);
      const result = { kind: 'failure', reason: 'interrupted', requested: false } as const;
      expect(await settle(h().store, attempt, result)).toBe('settled');
      expect(await view(h().store, entry)).toMatchObject({ status: 'FAILED', reason: 'interrupted', attempts: 1 });
    });

    test('attempts stay at one past the plan, however many workers die there', async () => {
      const { entry } = await attempted(h(), { maxAttempts: 1 });
      for (let death = 0; death < 3; death++) {
        h().clock.advance(LEASE_MS);
        expect((await won(h().store, entry)).number).toBe(2);
      }
      expect(await view(h().store, entry)).toMatchObject({ attempts: 2, totalAttempts: 2 });
    });

    test('won by takeover: the entry of the next round when the lease is over; from then on it is the round', async () => {
      const { entry } = await attempted(h());
      const early = { ...entry, round: entry.round + 1 };
      h().clock.advance(LEASE_MS);
      expect(await claim(h().store, early)).toMatchObject({ kind: 'won', attempt: 2, takeover: true });
      h().clock.advance(LEASE_MS);
      expect(await claim(h().store, entry)).toEqual({ kind: 'stale' });
      expect(await claim(h().store, early)).toMatchObject({ kind: 'won', attempt: 3, takeover: true });
    });

    test('busy: a copy of the entry, or the entry of the next round, while the lease lives', async () => {
      const { entry } = await attempted(h());
      const until = h().clock.now() + LEASE_MS;
      const before = await view(h().store, entry);
      h().clock.advance(LEASE_MS - 1);
      expect(await claim(h().store, entry)).toEqual({ kind: 'busy', until });
      expect(await claim(h().store, { ...entry, round: entry.round + 1 })).toEqual({ kind: 'busy', until });
      expect(await view(h().store, entry)).toEqual(before);
    });

    test('busy: an entry that is older than the attempt which said when the next is due', async () => {
      const { entry } = await attempted(h());
      // The first worker announced the next round, and died before it settled.
      const early = { ...entry, round: entry.round + 1 };
      h().clock.advance(LEASE_MS);
      const until = h().clock.now() + 3_600_000;
      expect(await settle(h().store, await won(h().store, entry), retry(until))).toBe('settled');
      h().clock.advance(3_600_000 - 1);
      expect(await claim(h().store, early)).toEqual({ kind: 'busy', until });
      h().clock.advance(1);
      expect(await claim(h().store, early)).toMatchObject({ kind: 'won', attempt: 3 });
    });

    test('stale: an entry whose message has moved to a later round', async () => {
      const { entry } = await settledWith(h(), retry(h().clock.now()));
      expect(await claim(h().store, entry)).toEqual({ kind: 'stale' });
      expect(await view(h().store, entry)).toMatchObject({ status: 'RETRYING', attempts: 1 });
    });

    test.each([
      ['SUCCESS', SUCCESS],
      ['FAILED', failure()],
    ] as const)('stale: an entry whose message has ended in %s', async (status, result) => {
      const { entry } = await settledWith(h(), result);
      expect(await claim(h().store, entry)).toEqual({ kind: 'stale' });
      expect(await claim(h().store, { ...entry, round: entry.round + 1 })).toEqual({ kind: 'stale' });
      expect(await view(h().store, entry)).toMatchObject({ status, attempts: 1 });
    });

    test('missing: an entry without a message', async () => {
      const orphan = anEntry();
      expect(await claim(h().store, orphan)).toEqual({ kind: 'missing' });
      expect(await h().store.get(orphan.identity)).toEqual([]);
    });

    test('of copies of an entry that are claimed at the same time, one wins and the others are busy', async () => {
      const entry = await acceptedEntry(h());
      const batch = (tokens: readonly string[]) => tokens.map((token) => ({ entry, token, leaseMs: LEASE_MS }));
      const calls = [batch(['a', 'b']), batch(['c', 'd'])];
      const results = (await Promise.all(calls.map((claims) => h().store.claim(claims)))).flat();
      const until = h().clock.now() + LEASE_MS;
      expect(results.filter((result) => result.kind === 'won')).toHaveLength(1);
      expect(results.filter((result) => result.kind === 'busy')).toEqual(
        [1, 2, 3].map(() => ({ kind: 'busy', until })),
      );
    });

    test('results stand in the order of the claims', async () => {
      const { entry: busy } = await attempted(h());
      const { entry: stale } = await settledWith(h(), SUCCESS);
      const fresh = await acceptedEntry(h());
      const entries = [stale, anEntry(), fresh, busy];
      const results = await h().store.claim(entries.map((entry) => ({ entry, token: 't', leaseMs: LEASE_MS })));
      expect(results.map((result) => result.kind)).toEqual(['stale', 'missing', 'won', 'busy']);
    });

    test('the entry of a worker that died comes again when its lease is over, and not before', async () => {
      const { entry } = await attempted(h());
      h().clock.advance(LEASE_MS - 1);
      expect(await h().receive(10)).toEqual([]);
      h().clock.advance(1);
      expect(await received(h())).toMatchObject({ identity: entry.identity, round: entry.round });
    });

    test('after a crash of the process its leases are over: another worker takes over', async () => {
      const { entry } = await attempted(h());
      await h().restart();
      const again = await received(h());
      expect(again.identity).toEqual(entry.identity);
      expect(await claim(h().store, again)).toMatchObject({ kind: 'won', attempt: 2, takeover: true });
    });

    test("a message whose time has passed is handed out and can be claimed: what follows is the worker's decision", async () => {
      const message = await accepted(h().store, { expiresAt: h().clock.now() + 1 });
      h().clock.advance(2);
      const [entry] = await h().receive(10);
      expect(entry?.expiresAt).toBe(message.plan.expiresAt);
      expect(await claim(h().store, only([entry ?? anEntry()]))).toMatchObject({ kind: 'won' });
    });
  });
}
