/** What `MessageStore.settle` promises: which result counts, and what is then certain to happen. */

import { describe, expect, test } from '@jest/globals';
import type { Result } from '../domain/lifecycle.ts';
import type { OpenHarness } from './message-store-harness.ts';
import {
  ANSWER_500,
  type Attempt,
  attempted,
  claim,
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

export function describeSettle(open: OpenHarness): void {
  describe('settle', () => {
    const h = useHarness(open);

    /** An attempt that lost its lease, and the one that took it over. */
    async function takenOver(): Promise<{ late: Attempt; owner: Attempt }> {
      const late = await attempted(h());
      h().clock.advance(LEASE_MS);
      return { late, owner: await won(h().store, late.entry) };
    }

    test('success of the owner ends the message: it is never handed out again', async () => {
      const attempt = await attempted(h());
      h().clock.advance(20);
      expect(await settle(h().store, attempt, SUCCESS)).toBe('settled');
      await h().acknowledge([attempt.entry]);
      expect(await view(h().store, attempt.entry)).toMatchObject({
        status: 'SUCCESS',
        attempts: 1,
        updatedAt: h().clock.now(),
        nextAttemptAt: null,
        reason: null,
        lastError: null,
      });
      h().clock.advance(2 * LEASE_MS);
      expect(await h().receive(10)).toEqual([]);
    });

    test('a retry of the owner is stored with its error', async () => {
      const attempt = await attempted(h());
      h().clock.advance(20);
      const due = h().clock.now() + 5_000;
      expect(await settle(h().store, attempt, retry(due))).toBe('settled');
      expect(await view(h().store, attempt.entry)).toMatchObject({
        status: 'RETRYING',
        attempts: 1,
        updatedAt: h().clock.now(),
        nextAttemptAt: due,
        reason: null,
        lastError: { ...ANSWER_500, at: h().clock.now() },
      });
    });

    test('a retry is handed out when it is due, in the next round, and not before', async () => {
      const { entry } = await settledWith(h(), retry(h().clock.now() + 5_000));
      h().clock.advance(4_999);
      expect(await h().receive(10)).toEqual([]);
      h().clock.advance(1);
      const next = await received(h());
      expect(next).toMatchObject({ identity: entry.identity, round: entry.round + 1, expiresAt: entry.expiresAt });
      expect(next.notBefore).toBeLessThanOrEqual(h().clock.now());
      expect(next.request).toEqual(entry.request);
    });

    test('a retry is handed out when it is due though the process crashed meanwhile', async () => {
      const due = h().clock.now() + 10 * LEASE_MS;
      const { entry } = await settledWith(h(), retry(due));
      await h().restart();
      expect(await h().receive(10)).toEqual([]);
      h().clock.set(due);
      expect(await received(h())).toMatchObject({ identity: entry.identity, round: entry.round + 1 });
    });

    test('a failure of the owner makes a dead letter with its reason and error: kept, and not handed out again', async () => {
      const { entry } = await settledWith(h(), failure('rejected'));
      h().clock.advance(2 * LEASE_MS);
      expect(await h().receive(10)).toEqual([]);
      await h().restart();
      expect(await view(h().store, entry)).toMatchObject({
        status: 'FAILED',
        attempts: 1,
        nextAttemptAt: null,
        reason: 'rejected',
        lastError: ANSWER_500,
      });
      expect(await h().receive(10)).toEqual([]);
    });

    test('an error without an answer is kept as one', async () => {
      const attempt = await attempted(h());
      const error = { statusCode: null, message: 'timeout: no answer – “nichts” – in 30 s' };
      await settle(h().store, attempt, failure(), error);
      expect((await view(h().store, attempt.entry)).lastError).toEqual({ ...error, at: h().clock.now() });
    });

    test('a claim that made no request does not count as an attempt', async () => {
      const attempt = await attempted(h());
      await settle(h().store, attempt, { kind: 'failure', reason: 'expired', requested: false });
      expect(await view(h().store, attempt.entry)).toMatchObject({ attempts: 0, totalAttempts: 0, reason: 'expired' });
    });

    test('an owner whose lease is over settles, as long as nobody took over', async () => {
      const attempt = await attempted(h());
      h().clock.advance(2 * LEASE_MS);
      expect(await settle(h().store, attempt, retry(h().clock.now()))).toBe('settled');
    });

    test("late success counts while another attempt runs, and that attempt's result does not", async () => {
      const { late, owner } = await takenOver();
      expect(await settle(h().store, late, SUCCESS)).toBe('settled');
      expect(await view(h().store, late.entry)).toMatchObject({ status: 'SUCCESS', nextAttemptAt: null });
      expect(await settle(h().store, owner, failure())).toBe('acknowledge');
      expect(await settle(h().store, owner, SUCCESS)).toBe('acknowledge');
      expect(await view(h().store, late.entry)).toMatchObject({ status: 'SUCCESS', reason: null });
    });

    test('late success while a claim past the plan is looked into leaves no more attempts than the plan', async () => {
      const late = await attempted(h(), { maxAttempts: 1 });
      h().clock.advance(LEASE_MS);
      await won(h().store, late.entry);
      expect(await settle(h().store, late, SUCCESS)).toBe('settled');
      expect(await view(h().store, late.entry)).toMatchObject({ status: 'SUCCESS', attempts: 1, totalAttempts: 1 });
    });

    test('late success counts while the message waits for its next attempt, which is then not made', async () => {
      const { late, owner } = await takenOver();
      await settle(h().store, owner, retry(h().clock.now() + 1_000));
      expect(await settle(h().store, late, SUCCESS)).toBe('settled');
      h().clock.advance(1_000);
      for (const entry of await h().receive(10)) expect(await claim(h().store, entry)).toEqual({ kind: 'stale' });
      expect(await view(h().store, late.entry)).toMatchObject({ status: 'SUCCESS' });
    });

    test('late success counts while the message waits after a replay', async () => {
      const { late, owner } = await takenOver();
      await settle(h().store, owner, failure());
      await h().store.replay(late.entry.identity);
      expect(await settle(h().store, late, SUCCESS)).toBe('settled');
      expect(await view(h().store, late.entry)).toMatchObject({ status: 'SUCCESS' });
    });

    test('late success does not count when the message has ended', async () => {
      const { late, owner } = await takenOver();
      await settle(h().store, owner, failure());
      expect(await settle(h().store, late, SUCCESS)).toBe('acknowledge');
      expect(await view(h().store, late.entry)).toMatchObject({ status: 'FAILED' });
    });

    test.each([
      ['a retry', retry(0)],
      ['a failure', failure()],
    ])(
      '%s of a worker that lost its lease does not count; the entry stays while the other attempt runs',
      async (_, result) => {
        const { late, owner } = await takenOver();
        const before = await view(h().store, late.entry);
        expect(await settle(h().store, late, result)).toBe('leave');
        expect(await view(h().store, late.entry)).toEqual(before);
        expect(await settle(h().store, owner, SUCCESS)).toBe('settled');
      },
    );

    const ends: readonly (readonly [string, Result])[] = [
      ['has moved to a later round', retry(0)],
      ['has succeeded', SUCCESS],
      ['has failed', failure('rejected')],
    ];
    test.each(ends)('the entry of a worker that lost its lease is not needed once the message %s', async (_, end) => {
      const { late, owner } = await takenOver();
      await settle(h().store, owner, end);
      const before = await view(h().store, late.entry);
      expect(await settle(h().store, late, retry(0))).toBe('acknowledge');
      expect(await settle(h().store, late, failure())).toBe('acknowledge');
      expect(await view(h().store, late.entry)).toEqual(before);
    });

    test('the same result twice counts once', async () => {
      const attempt = await settledWith(h(), retry(h().clock.now() + 1_000));
      const before = await view(h().store, attempt.entry);
      expect(await settle(h().store, attempt, retry(h().clock.now() + 9_000))).toBe('acknowledge');
      expect(await view(h().store, attempt.entry)).toEqual(before);
    });

    test('SUCCESS is final: no result, claim, repeat, replay or crash changes it', async () => {
      const attempt = await settledWith(h(), SUCCESS);
      const before = await view(h().store, attempt.entry);
      expect(await settle(h().store, attempt, failure())).toBe('acknowledge');
      expect(await settle(h().store, attempt, retry(h().clock.now()))).toBe('acknowledge');
      expect(await claim(h().store, attempt.entry)).toEqual({ kind: 'stale' });
      const { identity, request, maxAttempts, expiresAt } = attempt.entry;
      await h().store.accept([{ identity, request, plan: { maxAttempts, expiresAt } }]);
      await h().store.handBack([{ entry: attempt.entry, until: h().clock.now() }]);
      await h().store.keepOrphans([attempt.entry]);
      expect(await h().store.replay(identity)).toEqual({ found: 1, replayed: 0 });
      await h().restart();
      expect(await view(h().store, attempt.entry)).toEqual(before);
      h().clock.advance(LEASE_MS);
      for (const copy of await h().receive(10)) expect(await claim(h().store, copy)).toEqual({ kind: 'stale' });
    });

    test('what is settled survives a crash', async () => {
      const { entry } = await settledWith(h(), SUCCESS);
      await h().restart();
      expect(await view(h().store, entry)).toMatchObject({ status: 'SUCCESS' });
      expect(await h().receive(10)).toEqual([]);
    });

    test('results stand in the order of the settlements, each for its own message', async () => {
      const done = await settledWith(h(), SUCCESS);
      const first = await attempted(h());
      const second = await attempted(h());
      const settlements = [
        { ...second, result: SUCCESS, error: null },
        { ...done, result: failure(), error: ANSWER_500 },
        { ...first, token: 'of nobody', result: failure(), error: ANSWER_500 },
        { ...first, result: failure(), error: ANSWER_500 },
      ];
      expect(await h().store.settle(settlements)).toEqual(['settled', 'acknowledge', 'leave', 'settled']);
      expect(await view(h().store, second.entry)).toMatchObject({ status: 'SUCCESS' });
      expect(await view(h().store, first.entry)).toMatchObject({ status: 'FAILED' });
    });
  });
}
