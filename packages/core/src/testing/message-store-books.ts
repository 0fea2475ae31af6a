/** How long a message stays known, and that the books add up. */

import { describe, expect, test } from '@jest/globals';
import type { Counts } from '../ports/message-store.ts';
import { aMessage, anEntry } from './factories.ts';
import type { OpenHarness } from './message-store-harness.ts';
import {
  accepted,
  attempted,
  DAY_MS,
  DEDUPE_MS,
  FAILED_MS,
  failure,
  LEASE_MS,
  received,
  retry,
  SUCCESS,
  settle,
  settledWith,
  view,
  won,
} from './message-store-steps.ts';
import { useHarness } from './use-harness.ts';

export function describeBooks(open: OpenHarness): void {
  describe('retention', () => {
    const h = useHarness(open);

    test.each([
      ['delivered message is a duplicate until DEDUPE_DAYS after its delivery', SUCCESS, DEDUPE_MS, 'SUCCESS'],
      ['dead letter is a duplicate until 30 days after its end', failure(), FAILED_MS, 'FAILED'],
    ] as const)('a %s', async (_, result, retention, status) => {
      h().clock.advance(DAY_MS);
      const { entry } = await settledWith(h(), result);
      const repeat = aMessage({ ...entry.identity, ...entry.request });
      h().clock.advance(retention - 1);
      expect(await h().store.accept([repeat])).toEqual([{ kind: 'duplicate', status }]);
    });

    test.each([
      ['delivered message after DEDUPE_DAYS', SUCCESS, DEDUPE_MS],
      ['dead letter after 30 days', failure(), FAILED_MS],
    ] as const)(
      'a %s is accepted anew, whatever its content, though nobody removed it yet',
      async (_, result, retention) => {
        const { entry } = await settledWith(h(), result, { body: 'old' });
        h().clock.advance(retention);
        const anew = aMessage({ ...entry.identity, body: 'new', expiresAt: h().clock.now() + DAY_MS });
        expect(await h().store.accept([anew, anew])).toEqual([
          { kind: 'accepted' },
          { kind: 'duplicate', status: 'QUEUED' },
        ]);
        expect(await view(h().store, anew)).toMatchObject({
          status: 'QUEUED',
          totalAttempts: 0,
          replays: 0,
          reason: null,
        });
        const second = await received(h());
        expect(second.request).toEqual(anew.request);
        expect(await settle(h().store, await won(h().store, second), SUCCESS)).toBe('settled');
      },
    );

    test('a replayed message is known however long it waits, and its retention begins anew when it ends', async () => {
      const { entry } = await settledWith(h(), failure());
      const repeat = aMessage({ ...entry.identity, ...entry.request });
      h().clock.advance(FAILED_MS - 1);
      await h().store.replay(entry.identity);
      h().clock.advance(1);
      expect(await h().store.accept([repeat])).toEqual([{ kind: 'duplicate', status: 'QUEUED' }]);
      await settle(h().store, await won(h().store, await received(h())), SUCCESS);
      h().clock.advance(DEDUPE_MS - 1);
      expect(await h().store.accept([repeat])).toEqual([{ kind: 'duplicate', status: 'SUCCESS' }]);
    });
  });

  describe('counts', () => {
    const h = useHarness(open);

    async function expectCounts(counts: Omit<Counts, 'accepted'>): Promise<void> {
      const accepted = counts.succeeded + counts.failed + counts.waiting;
      expect(await h().store.counts()).toEqual({ accepted, ...counts });
    }

    test('accepted = succeeded + failed + waiting holds at every step', async () => {
      await expectCounts({ succeeded: 0, failed: 0, waiting: 0 });

      const message = await accepted(h().store);
      await expectCounts({ succeeded: 0, failed: 0, waiting: 1 });
      await h().store.accept([message, aMessage({ ...message.identity, body: 'a conflict' })]);
      await expectCounts({ succeeded: 0, failed: 0, waiting: 1 });

      const first = await won(h().store, await received(h()));
      await expectCounts({ succeeded: 0, failed: 0, waiting: 1 });
      await settle(h().store, first, retry(h().clock.now()));
      await expectCounts({ succeeded: 0, failed: 0, waiting: 1 });
      await settle(h().store, await won(h().store, await received(h())), failure());
      await expectCounts({ succeeded: 0, failed: 1, waiting: 0 });

      await h().store.replay(message.identity);
      await expectCounts({ succeeded: 0, failed: 0, waiting: 1 });
      await h().store.replay(message.identity);
      await expectCounts({ succeeded: 0, failed: 0, waiting: 1 });
      const last = await won(h().store, await received(h()));
      await settle(h().store, last, SUCCESS);
      await expectCounts({ succeeded: 1, failed: 0, waiting: 0 });
      await settle(h().store, last, SUCCESS);
      await expectCounts({ succeeded: 1, failed: 0, waiting: 0 });

      await h().store.keepOrphans([anEntry(), anEntry()]);
      await expectCounts({ succeeded: 1, failed: 2, waiting: 0 });
      await h().restart();
      await expectCounts({ succeeded: 1, failed: 2, waiting: 0 });
    });

    test('a late success is booked once, from wherever the message was', async () => {
      const late = await attempted(h());
      h().clock.advance(LEASE_MS);
      const owner = await won(h().store, late.entry);
      await settle(h().store, owner, failure());
      await h().store.replay(late.entry.identity);
      await settle(h().store, late, SUCCESS);
      await settle(h().store, owner, SUCCESS);
      await expectCounts({ succeeded: 1, failed: 0, waiting: 0 });
    });

    test('a message that is accepted anew after its retention is counted as another one', async () => {
      const { entry } = await settledWith(h(), SUCCESS);
      h().clock.advance(DEDUPE_MS);
      await h().store.accept([aMessage({ ...entry.identity, ...entry.request })]);
      await expectCounts({ succeeded: h().traits.countsForgotten ? 1 : 0, failed: 0, waiting: 1 });
    });

    test('a store that works has no problem to report', async () => {
      expect(await h().store.health()).toEqual([]);
    });
  });
}
