/** What `MessageStore.accept` promises. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Status } from '../domain/lifecycle.ts';
import { METHODS, type Message } from '../domain/message.ts';
import { aMessage, uniqueId } from './factories.ts';
import type { MessageStoreHarness, OpenHarness } from './message-store-harness.ts';
import {
  accepted,
  acceptedEntry,
  attempted,
  failure,
  only,
  received,
  retry,
  SUCCESS,
  settledWith,
  view,
} from './message-store-steps.ts';
import { useHarness, withHarness } from './use-harness.ts';

/** How a message comes into each status. */
const ROADS: readonly (readonly [Status, (h: MessageStoreHarness, message: Message) => Promise<unknown>])[] = [
  ['QUEUED', (h, message) => h.store.accept([message])],
  ['PROCESSING', (h, message) => attempted(h, overridesOf(message))],
  ['RETRYING', (h, message) => settledWith(h, retry(h.clock.now() + 1_000), overridesOf(message))],
  ['SUCCESS', (h, message) => settledWith(h, SUCCESS, overridesOf(message))],
  ['FAILED', (h, message) => settledWith(h, failure(), overridesOf(message))],
];

const TIMEOUT_MS = 60_000;

function overridesOf({ identity, request, plan }: Message) {
  return { ...identity, ...request, ...plan };
}

const headers = fc.array(
  fc.tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/), fc.stringMatching(/^[!-~\u00a1-\u00ff]{0,12}$/)),
  { maxLength: 5 },
);

export function describeAccept(open: OpenHarness): void {
  describe('accept', () => {
    const h = useHarness(open);

    test('an accepted message is QUEUED, not yet attempted, and may be claimed at once', async () => {
      const message = await accepted(h().store, { maxAttempts: 5 });
      const now = h().clock.now();
      expect(await h().store.get(message.identity)).toEqual([
        {
          identity: message.identity,
          status: 'QUEUED',
          attempts: 0,
          maxAttempts: 5,
          totalAttempts: 0,
          replays: 0,
          acceptedAt: now,
          updatedAt: now,
          expiresAt: message.plan.expiresAt,
          nextAttemptAt: now,
          reason: null,
          lastError: null,
        },
      ]);
    });

    test('an accepted message is handed out with all that an attempt needs', async () => {
      const { identity, request, plan } = await accepted(h().store, { maxAttempts: 5 });
      const entry = await received(h());
      expect(entry).toMatchObject({ v: 1, identity, round: 0, ...plan });
      expect(entry.notBefore).toBeLessThanOrEqual(h().clock.now());
      expect(entry.request).toEqual(request);
    });

    test(
      'method, headers and body bytes are handed out as they were accepted, whatever they are',
      async () => {
        const request = fc.record({
          method: fc.constantFrom(...METHODS),
          headers,
          body: fc.uint8Array({ maxLength: 40 }),
        });
        await withHarness(open, (own) =>
          fc.assert(
            fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 4 }), async (requests) => {
              const messages = requests.map((parts) => aMessage(parts));
              await own.store.accept(messages);
              const entries = await own.receive(messages.length);
              const token = uniqueId('token');
              await own.store.claim(entries.map((entry) => ({ entry, token, leaseMs: 1_000 })));
              await own.store.settle(entries.map((entry) => ({ entry, token, result: SUCCESS, error: null })));
              await own.acknowledge(entries);

              const handedOut = new Map(entries.map((entry) => [entry.identity.messageId, entry.request]));
              for (const message of messages) {
                const { method, headers, body } = handedOut.get(message.identity.messageId) ?? {};
                expect({ method, headers }).toEqual({
                  method: message.request.method,
                  headers: message.request.headers,
                });
                expect(Buffer.from(body ?? [])).toEqual(Buffer.from(message.request.body));
              }
            }),
            { numRuns: 100 },
          ),
        );
      },
      TIMEOUT_MS,
    );

    test.each(ROADS)('a repeat of a message that is %s is a duplicate, and says so', async (status, bring) => {
      const message = aMessage();
      await bring(h(), message);
      expect(await h().store.accept([message])).toEqual([{ kind: 'duplicate', status }]);
      expect(await view(h().store, message)).toMatchObject({ status });
    });

    test.each(ROADS)(
      'other content under the identity of a message that is %s is a conflict',
      async (status, bring) => {
        const message = aMessage({ body: 'first' });
        await bring(h(), message);
        const other = aMessage({ ...message.identity, body: 'other' });
        expect(await h().store.accept([other])).toEqual([{ kind: 'conflict' }]);
        expect(await view(h().store, message)).toMatchObject({ status });
      },
    );

    test('method, header values and body are content; each alone makes a conflict', async () => {
      const message = await accepted(h().store, { method: 'POST', headers: [['x-a', '1']], body: 'a' });
      const { identity } = message;
      const others = [
        aMessage({ ...identity, method: 'PUT', headers: [['x-a', '1']], body: 'a' }),
        aMessage({ ...identity, method: 'POST', headers: [['x-a', '2']], body: 'a' }),
        aMessage({ ...identity, method: 'POST', headers: [['x-a', '1']], body: 'b' }),
      ];
      expect(await h().store.accept(others)).toEqual(others.map(() => ({ kind: 'conflict' })));
    });

    test('the order of headers and the case of their names are no content', async () => {
      const { identity } = await accepted(h().store, {
        headers: [
          ['X-A', '1'],
          ['x-b', '2'],
        ],
      });
      const repeat = aMessage({
        ...identity,
        headers: [
          ['X-B', '2'],
          ['x-a', '1'],
        ],
      });
      expect(await h().store.accept([repeat])).toEqual([{ kind: 'duplicate', status: 'QUEUED' }]);
    });

    test('a repeat that asks for another plan is a duplicate, and the first plan stays', async () => {
      const message = await accepted(h().store, { maxAttempts: 3 });
      const repeat = aMessage({ ...message.identity, maxAttempts: 7, expiresAt: message.plan.expiresAt - 1 });
      expect(await h().store.accept([repeat])).toEqual([{ kind: 'duplicate', status: 'QUEUED' }]);
      expect(await view(h().store, message)).toMatchObject({ maxAttempts: 3, expiresAt: message.plan.expiresAt });
    });

    test('each of the four parts of an identity tells messages apart', async () => {
      const { identity } = await accepted(h().store);
      const others = [
        aMessage({ ...identity, senderId: 'shipping' }),
        aMessage({ ...identity, messageId: `${identity.messageId}x` }),
        aMessage({ ...identity, timestamp: '2026-11-22T10:00:00.000000001Z' }),
        aMessage({ ...identity, targetUrl: 'https://partner.example/hooks?a' }),
      ];
      expect(await h().store.accept(others)).toEqual(others.map(() => ({ kind: 'accepted' })));
      expect(await h().receive(10)).toHaveLength(5);
    });

    test('a batch is answered in its order: a repeat within it is a duplicate of its first, other content a conflict', async () => {
      const known = await accepted(h().store);
      const first = aMessage({ body: 'first' });
      const other = aMessage({ ...first.identity, body: 'other' });
      const last = aMessage();
      expect(await h().store.accept([first, known, other, first, last])).toEqual([
        { kind: 'accepted' },
        { kind: 'duplicate', status: 'QUEUED' },
        { kind: 'conflict' },
        { kind: 'duplicate', status: 'QUEUED' },
        { kind: 'accepted' },
      ]);
      const bodies = (await h().receive(10)).filter(({ identity }) => identity.messageId === first.identity.messageId);
      expect(Buffer.from(only(bodies).request.body).toString()).toBe('first');
    });

    test('of calls at the same time with one message, exactly one accepts it', async () => {
      const message = aMessage();
      const calls = Array.from({ length: 5 }, () => h().store.accept([message]));
      const kinds = (await Promise.all(calls)).map((results) => only(results).kind);
      expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'duplicate')).toHaveLength(4);
    });

    test('an empty batch is answered by an empty one', async () => {
      expect(await h().store.accept([])).toEqual([]);
      expect(await h().store.claim([])).toEqual([]);
      expect(await h().store.settle([])).toEqual([]);
    });

    test('an accepted message survives a crash: it is known, and is handed out', async () => {
      const message = await accepted(h().store);
      await h().restart();
      expect(await h().store.accept([message])).toEqual([{ kind: 'duplicate', status: 'QUEUED' }]);
      expect((await received(h())).request).toEqual(message.request);
    });

    test('an entry comes again when its worker leaves it, or its process crashes before the claim', async () => {
      const first = await acceptedEntry(h());
      await h().leave([first]);
      const second = await received(h());
      expect(second.identity).toEqual(first.identity);
      await h().restart();
      expect((await received(h())).identity).toEqual(first.identity);
    });
  });
}
