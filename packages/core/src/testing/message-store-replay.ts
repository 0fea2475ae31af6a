/** What `MessageStore.replay` promises, and what `keepOrphans` and `handBack` do. */

import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../domain/message.ts';
import { aMessage, anEntry } from './factories.ts';
import type { OpenHarness } from './message-store-harness.ts';
import {
  ANSWER_500,
  accepted,
  acceptedEntry,
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

export function describeReplay(open: OpenHarness): void {
  describe('replay', () => {
    const h = useHarness(open);

    test('a FAILED message goes through a fresh plan with a fresh lifetime; its history stays', async () => {
      const { entry } = await settledWith(h(), failure('rejected'), { maxAttempts: 5 });
      const before = await view(h().store, entry);
      h().clock.advance(1_000_000);
      expect(await h().store.replay(entry.identity)).toEqual({ found: 1, replayed: 1 });
      const now = h().clock.now();
      expect(await view(h().store, entry)).toEqual({
        ...before,
        status: 'QUEUED',
        attempts: 0,
        totalAttempts: 1,
        replays: 1,
        updatedAt: now,
        expiresAt: now + (entry.expiresAt - before.acceptedAt),
        nextAttemptAt: now,
        reason: null,
        lastError: { ...ANSWER_500, at: before.updatedAt },
      });
    });

    test('a replayed message is handed out with its request and its new plan, two rounds on', async () => {
      const { entry } = await settledWith(h(), failure(), { body: 'kept' });
      h().clock.advance(1_000);
      await h().store.replay(entry.identity);
      const replayed = await received(h());
      expect(replayed).toMatchObject({
        identity: entry.identity,
        round: entry.round + 2,
        maxAttempts: entry.maxAttempts,
      });
      expect(replayed.expiresAt).toBe(entry.expiresAt + 1_000);
      expect(replayed.request).toEqual(entry.request);
      expect(await claim(h().store, replayed)).toMatchObject({ kind: 'won', attempt: 1, takeover: false });
    });

    test('a replay survives a crash', async () => {
      const { entry } = await settledWith(h(), failure());
      await h().store.replay(entry.identity);
      await h().restart();
      expect(await received(h())).toMatchObject({ identity: entry.identity, round: entry.round + 2 });
    });

    test('old copies are stale after a replay, also one of the round after theirs', async () => {
      const { entry } = await settledWith(h(), failure());
      await h().store.replay(entry.identity);
      expect(await claim(h().store, entry)).toEqual({ kind: 'stale' });
      expect(await claim(h().store, { ...entry, round: entry.round + 1 })).toEqual({ kind: 'stale' });
      await won(h().store, await received(h()));
      expect(await claim(h().store, { ...entry, round: entry.round + 1 })).toEqual({ kind: 'stale' });
    });

    test('a message that was not claimed since its replay counts again, and stays as it is', async () => {
      const { entry } = await settledWith(h(), failure());
      await h().store.replay(entry.identity);
      const before = await view(h().store, entry);
      h().clock.advance(1_000);
      expect(await h().store.replay(entry.identity)).toEqual({ found: 1, replayed: 1 });
      expect(await view(h().store, entry)).toEqual(before);
      expect(await received(h())).toMatchObject({ round: entry.round + 2 });
    });

    test('a message that was claimed since its replay does not count again until it fails again', async () => {
      const { entry } = await settledWith(h(), failure());
      await h().store.replay(entry.identity);
      const attempt = await won(h().store, await received(h()));
      expect(await h().store.replay(entry.identity)).toEqual({ found: 1, replayed: 0 });
      await settle(h().store, attempt, retry(h().clock.now()));
      expect(await h().store.replay(entry.identity)).toEqual({ found: 1, replayed: 0 });
      await settle(h().store, await won(h().store, await received(h())), failure());
      expect(await h().store.replay(entry.identity)).toEqual({ found: 1, replayed: 1 });
      expect(await view(h().store, entry)).toMatchObject({ replays: 2, attempts: 0, totalAttempts: 3 });
    });

    test('a message that waits, is processed or has succeeded is found and not replayed', async () => {
      const { identity } = await accepted(h().store);
      expect(await h().store.replay(identity)).toEqual({ found: 1, replayed: 0 });
      const attempt = await won(h().store, await received(h()));
      expect(await h().store.replay(identity)).toEqual({ found: 1, replayed: 0 });
      await settle(h().store, attempt, SUCCESS);
      expect(await h().store.replay(identity)).toEqual({ found: 1, replayed: 0 });
    });

    test('a name that no message has finds none', async () => {
      await settledWith(h(), failure());
      expect(await h().store.replay({ messageId: 'nobody', senderId: 'billing' })).toEqual({ found: 0, replayed: 0 });
    });

    test('every FAILED message of the name is replayed; sender, timestamp and target narrow it down', async () => {
      const base = aMessage().identity;
      const others = [
        base,
        { ...base, senderId: 'shipping' },
        { ...base, timestamp: '2026-11-22T11:00:00Z' },
        { ...base, targetUrl: 'https://other.example/' },
      ];
      for (const identity of others) await settledWith(h(), failure(), identity);
      const { messageId, senderId, timestamp, targetUrl } = base;
      expect(await h().store.replay({ messageId, senderId: 'shipping' })).toEqual({ found: 1, replayed: 1 });
      expect(await h().store.replay({ messageId, senderId, targetUrl: 'https://other.example/' })).toEqual({
        found: 1,
        replayed: 1,
      });
      expect(await h().store.replay({ messageId, senderId, timestamp, targetUrl })).toEqual({ found: 1, replayed: 1 });
      expect(await h().store.replay({ messageId, senderId, timestamp: '2026-11-22T11:00:00Z' })).toEqual({
        found: 1,
        replayed: 1,
      });
      expect(await h().store.replay({ messageId, senderId })).toEqual({ found: 3, replayed: 3 });
      const received = await h().receive(20);
      expect(new Set(received.map(({ identity }) => JSON.stringify(identity))).size).toBe(4);
    });
  });

  describe('keepOrphans', () => {
    const h = useHarness(open);

    test('an orphan is kept as a dead letter, and counted', async () => {
      const orphan = anEntry({ maxAttempts: 5 });
      await h().store.keepOrphans([orphan]);
      expect(await view(h().store, orphan)).toMatchObject({
        status: 'FAILED',
        reason: 'orphan',
        attempts: 0,
        maxAttempts: 5,
        acceptedAt: h().clock.now(),
        nextAttemptAt: null,
      });
      expect(await h().receive(10)).toEqual([]);
      expect(await h().store.counts()).toEqual({ accepted: 1, succeeded: 0, failed: 1, waiting: 0 });
    });

    test('an orphan can be replayed: its request is handed out', async () => {
      const orphan = anEntry({ body: 'kept' });
      await h().store.keepOrphans([orphan]);
      expect(await h().store.replay(orphan.identity)).toEqual({ found: 1, replayed: 1 });
      const entry = await received(h());
      expect(entry.request).toEqual(orphan.request);
      expect(await claim(h().store, entry)).toMatchObject({ kind: 'won', attempt: 1 });
    });

    test('an orphan whose time had passed gets a whole lifetime by its replay', async () => {
      const orphan = anEntry({ expiresAt: h().clock.now() - 1 });
      await h().store.keepOrphans([orphan]);
      await h().store.replay(orphan.identity);
      expect((await received(h())).expiresAt).toBe(h().clock.now() + LIMITS.lifetimeMs);
    });

    test('an orphan that comes twice is kept once', async () => {
      const orphan = anEntry();
      await h().store.keepOrphans([orphan, orphan]);
      await h().store.keepOrphans([orphan]);
      expect(await h().store.get(orphan.identity)).toHaveLength(1);
      expect(await h().store.counts()).toEqual({ accepted: 1, succeeded: 0, failed: 1, waiting: 0 });
    });

    test('an entry that has a message is no orphan: the message stays as it is', async () => {
      const attempt = await attempted(h());
      const before = await view(h().store, attempt.entry);
      await h().store.keepOrphans([attempt.entry]);
      expect(await view(h().store, attempt.entry)).toEqual(before);
      expect(await settle(h().store, attempt, SUCCESS)).toBe('settled');
    });
  });

  describe('handBack', () => {
    const h = useHarness(open);

    test('an entry that was not claimed comes again at its time, and not before', async () => {
      const entry = await acceptedEntry(h());
      await h().store.handBack([{ entry, until: h().clock.now() + 3_000 }]);
      await h().acknowledge([entry]);
      h().clock.advance(2_999);
      expect(await h().receive(10)).toEqual([]);
      h().clock.advance(1);
      expect(await claim(h().store, await received(h()))).toMatchObject({ kind: 'won', attempt: 1 });
    });

    test('a busy copy comes again when the lease is over, and takes over when that worker died', async () => {
      const { entry } = await attempted(h());
      const until = h().clock.now() + LEASE_MS;
      expect(await claim(h().store, entry)).toEqual({ kind: 'busy', until });
      await h().store.handBack([{ entry, until }]);
      await h().acknowledge([entry]);
      h().clock.set(until);
      expect(await claim(h().store, await received(h()))).toMatchObject({ kind: 'won', takeover: true });
    });

    test('a copy that was handed back delays neither a retry nor a replay that comes after it', async () => {
      const attempt = await attempted(h());
      const handBack = () => h().store.handBack([{ entry: attempt.entry, until: h().clock.now() + LEASE_MS }]);
      await handBack();
      await settle(h().store, attempt, retry(h().clock.now() + 1_000));
      await handBack();
      h().clock.advance(1_000);
      const second = await won(h().store, await received(h()));
      expect(second.number).toBe(2);

      await settle(h().store, second, failure());
      await handBack();
      await h().store.replay(attempt.entry.identity);
      expect(await received(h())).toMatchObject({ round: second.entry.round + 2 });
    });

    test('an entry without a message comes to nothing', async () => {
      await h().store.handBack([{ entry: anEntry(), until: h().clock.now() }]);
      for (const entry of await h().receive(10)) expect(await claim(h().store, entry)).toEqual({ kind: 'missing' });
    });
  });
}
