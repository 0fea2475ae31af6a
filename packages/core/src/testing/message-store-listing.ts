/** What `get`, `list` and `replayMany` promise operators. */

import { beforeEach, describe, expect, test } from '@jest/globals';
import { STATUSES } from '../domain/lifecycle.ts';
import { InvalidCursorError, UnsupportedQueryError } from '../errors.ts';
import type { MessageName } from '../ports/message-store.ts';
import type { MessageOverrides } from './factories.ts';
import { START_TIME } from './manual-clock.ts';
import type { OpenHarness } from './message-store-harness.ts';
import { aSample, place } from './message-store-samples.ts';
import { accepted, failure, settledWith } from './message-store-steps.ts';
import { useHarness } from './use-harness.ts';

export function describeListing(open: OpenHarness): void {
  describe('get', () => {
    const h = useHarness(open);

    beforeEach(async () => {
      const parts: MessageOverrides[] = [
        {},
        { senderId: 'shipping' },
        { timestamp: '2026-11-22T10:00:00.5Z' },
        { targetUrl: 'https://other.example/' },
      ];
      for (const part of parts) {
        await accepted(h().store, { messageId: 'same', senderId: 'billing', ...part });
        h().clock.advance(1);
      }
      await accepted(h().store, { messageId: 'another', senderId: 'billing' });
    });

    async function timesOf(name: MessageName): Promise<number[]> {
      const found = await h().store.get(name);
      return found.map(({ acceptedAt }) => acceptedAt - START_TIME);
    }

    test('finds every message of the name, newest first; timestamp and target narrow it down', async () => {
      const name = { messageId: 'same', senderId: 'billing' };
      expect(await timesOf(name)).toEqual([3, 2, 0]);
      expect(await timesOf({ ...name, targetUrl: 'https://other.example/' })).toEqual([3]);
      expect(await timesOf({ ...name, timestamp: '2026-11-22T10:00:00.5Z' })).toEqual([2]);
      expect(await timesOf({ ...name, timestamp: '2026-11-22T10:00:00Z' })).toEqual([3, 0]);
      expect(await timesOf({ ...name, timestamp: '2026-01-01T00:00:00Z' })).toEqual([]);
      expect(await timesOf({ ...name, senderId: 'nobody' })).toEqual([]);
      expect(await timesOf({ ...name, messageId: 'none' })).toEqual([]);
    });

    test('finds the messages of every sender, or says that it needs one', async () => {
      const found = timesOf({ messageId: 'same' });
      if (h().traits.findsEverySender) expect(await found).toEqual([3, 2, 1, 0]);
      else await expect(found).rejects.toThrow(UnsupportedQueryError);
    });
  });

  describe('list', () => {
    const h = useHarness(open);

    test('messages that are accepted between two pages do not shift the next one', async () => {
      await place(h(), [aSample('gone'), aSample('gone'), aSample('gone')]);
      const first = await h().store.list({ status: 'FAILED', limit: 2 });
      await settledWith(h(), failure(), { messageId: 'newer' });
      const second = await h().store.list({ status: 'FAILED', limit: 2, cursor: first.cursor ?? '' });
      const ids = [...first.messages, ...second.messages].map(({ identity }) => identity.messageId);
      expect(ids).toEqual(['m2', 'm1', 'm0']);
    });

    test.each([undefined, ...STATUSES])('lists messages of status %s, or says that it does not', async (status) => {
      const { store, traits } = h();
      const page = store.list({ limit: 1, ...(status === undefined ? {} : { status }) });
      if (traits.listsEveryStatus || status === 'FAILED') expect(await page).toEqual({ messages: [], cursor: null });
      else await expect(page).rejects.toThrow(UnsupportedQueryError);
    });

    test('shows what get shows', async () => {
      const { entry } = await settledWith(h(), failure('rejected'));
      const { messages } = await h().store.list({ status: 'FAILED', limit: 1 });
      expect(messages).toEqual(await h().store.get(entry.identity));
    });

    test.each(['', ' ', 'not a cursor!', '../..', '-1', '1.5', '\u0000', 'ÿÿÿÿ'])(
      'refuses the cursor %j, which no page returned',
      async (cursor) => {
        const { store } = h();
        await expect(store.list({ status: 'FAILED', limit: 1, cursor })).rejects.toThrow(InvalidCursorError);
        await expect(store.replayMany({ limit: 1, dryRun: true, cursor })).rejects.toThrow(InvalidCursorError);
        await expect(store.replayMany({ limit: 1, dryRun: false, cursor })).rejects.toThrow(InvalidCursorError);
      },
    );
  });

  describe('replayMany', () => {
    const h = useHarness(open);

    test('replays the newest first', async () => {
      await place(h(), [aSample('gone'), aSample('gone'), aSample('gone')]);
      await h().store.replayMany({ limit: 2, dryRun: false });
      const { messages } = await h().store.list({ status: 'FAILED', limit: 5 });
      expect(messages.map(({ identity }) => identity.messageId)).toEqual(['m0']);
    });

    test('what is replayed is handed out, and counted as waiting', async () => {
      await place(h(), [aSample('gone'), aSample('gone'), aSample('gone')]);
      await h().store.replayMany({ limit: 2, dryRun: false });
      expect(await h().receive(10)).toHaveLength(2);
      expect(await h().store.counts()).toEqual({ accepted: 3, succeeded: 0, failed: 1, waiting: 2 });
    });
  });
}
