/** What `MessageStore` promises of what belongs to a message and is not its content: its trace, and since when it waits. */

import { describe, expect, test } from '@jest/globals';
import type { OpenHarness } from './message-store-harness.ts';
import {
  accepted,
  acceptedEntry,
  claim,
  failure,
  received,
  retry,
  settle,
  settledWith,
  won,
} from './message-store-steps.ts';
import { useHarness } from './use-harness.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

export function describeTrace(open: OpenHarness): void {
  describe('a traceparent', () => {
    const h = useHarness(open);

    test('is in every entry of its message: the first, that of a retry, that of a replay after a restart', async () => {
      const { entry } = await settledWith(h(), retry(h().clock.now() + 1_000), { traceparent: TRACEPARENT });
      expect(entry.traceparent).toBe(TRACEPARENT);
      h().clock.advance(1_000);
      const again = await won(h().store, await received(h()));
      expect(again.entry).toMatchObject({ round: 1, traceparent: TRACEPARENT });
      expect(await settle(h().store, again, failure('gone'))).toBe('settled');
      await h().acknowledge([again.entry]);
      const { messageId, senderId } = entry.identity;
      expect(await h().store.replay({ messageId, senderId })).toEqual({ found: 1, replayed: 1 });
      await h().restart();
      expect(await received(h())).toMatchObject({ round: 3, traceparent: TRACEPARENT });
    });

    test('that a message does not have is not in its entry', async () => {
      expect(await acceptedEntry(h())).not.toHaveProperty('traceparent');
    });

    test('is no content: a repeat with another one, or without, is a duplicate', async () => {
      const message = await accepted(h().store, { traceparent: TRACEPARENT });
      const other = TRACEPARENT.replace('4bf9', '5bf9');
      const { traceparent: _, ...without } = message;
      const repeats = [{ ...message, traceparent: other }, without];
      expect(await h().store.accept(repeats)).toEqual([
        { kind: 'duplicate', status: 'QUEUED' },
        { kind: 'duplicate', status: 'QUEUED' },
      ]);
    });
  });

  describe('the time that a claim tells', () => {
    const h = useHarness(open);

    test('is that of the acceptance, also at a later attempt', async () => {
      const since = h().clock.now();
      await settledWith(h(), retry(since + 1_000));
      h().clock.advance(1_000);
      expect(await claim(h().store, await received(h()))).toMatchObject({ kind: 'won', attempt: 2, since });
    });

    test('is that of the replay after one', async () => {
      const { entry } = await settledWith(h(), failure('gone'));
      h().clock.advance(5_000);
      const { messageId, senderId } = entry.identity;
      expect(await h().store.replay({ messageId, senderId })).toEqual({ found: 1, replayed: 1 });
      expect(await claim(h().store, await received(h()))).toMatchObject({ kind: 'won', since: h().clock.now() });
    });
  });
}
