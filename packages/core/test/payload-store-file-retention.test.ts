import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Entry, type Message, PayloadMissingError, type PayloadRef } from '@millrace/core';
import { aMessage, anUpload, readAll, uniqueId, withHarness } from '@millrace/core/testing';
import fc from 'fast-check';
import { type FilePayloadHarness, openFilePayloadHarness } from './support/file-payload-harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LEASE_MS = 60_000;
const CONTENTS = ['one', 'two'].map((text) => Buffer.from(text));

function aLargeMessage(payload: PayloadRef, senderId: string, now: number): Message {
  return aMessage({ senderId, payload, expiresAt: now + 3 * DAY_MS });
}

/** Takes a message that is due, and ends its attempt. */
async function attempt(h: FilePayloadHarness, outcome: 'success' | 'failure' | 'retry'): Promise<Entry | undefined> {
  const [entry] = (await h.messages.take(1)).entries;
  if (entry === undefined) return undefined;
  const token = uniqueId('token');
  const [claim] = await h.messages.claim([{ entry, token, leaseMs: LEASE_MS }]);
  if (claim?.kind !== 'won') return entry;
  const result = {
    success: { kind: 'success' },
    failure: { kind: 'failure', reason: 'rejected', requested: true },
    retry: { kind: 'retry', due: h.clock.now() + HOUR_MS },
  } as const;
  await h.messages.settle([{ entry, token, result: result[outcome], error: null }]);
  return entry;
}

async function clean({ messages, store }: FilePayloadHarness): Promise<void> {
  await messages.removeExpired();
  await store.removeUnused();
}

describe('a payload', () => {
  let h: FilePayloadHarness;
  beforeEach(async () => {
    h = await openFilePayloadHarness();
  });
  afterEach(() => h.close());

  test('that no message has goes a day after it was put, with its folder', async () => {
    const ref = await h.store.put('billing', CONTENTS[0] ?? Buffer.alloc(0));
    h.clock.advance(DAY_MS - 1);
    expect(await h.store.removeUnused()).toBe(0);
    h.clock.advance(1);
    expect(await h.store.removeUnused()).toBe(1);
    expect(await h.files()).toEqual([]);
    await expect(h.store.open(ref)).rejects.toThrow(PayloadMissingError);
    expect(await h.store.removeUnused()).toBe(0);
  });

  test('that was held since stays for another day', async () => {
    const bytes = Buffer.from('x');
    await h.store.put('billing', bytes);
    h.clock.advance(DAY_MS - 1);
    expect(await h.store.hold(anUpload(bytes))).toBeDefined();
    h.clock.advance(1);
    expect(await h.store.removeUnused()).toBe(0);
    h.clock.advance(DAY_MS);
    expect(await h.store.removeUnused()).toBe(1);
  });

  test('that is held while it is about to be removed is one or the other, whole', async () => {
    const bytes = Buffer.from('x');
    await h.store.put('billing', bytes);
    h.clock.advance(DAY_MS);
    const [removed, held] = await Promise.all([h.store.removeUnused(), h.store.hold(anUpload(bytes))]);
    expect(removed).toBe(held === undefined ? 1 : 0);
    expect(await h.files()).toHaveLength(1 - removed);
  });

  test('of a dead letter stays until its 30 days are over, also when it was replayed meanwhile', async () => {
    const ref = await h.store.put('billing', Buffer.from('x'));
    const message = aLargeMessage(ref, 'billing', h.clock.now());
    await h.messages.accept([message]);
    await attempt(h, 'failure');
    h.clock.advance(29 * DAY_MS);
    await clean(h);
    expect(await h.messages.replay(message.identity)).toEqual({ found: 1, replayed: 1 });
    expect((await attempt(h, 'failure'))?.request.payload).toEqual(ref);
    h.clock.advance(30 * DAY_MS - 1);
    await clean(h);
    expect(await readAll(await h.store.open(ref))).toEqual(Buffer.from('x'));
    // What is in use is looked at once a day.
    h.clock.advance(DAY_MS + 1);
    await clean(h);
    expect(await h.files()).toEqual([]);
  });

  test('that a crash left without its file is forgotten like any other', async () => {
    await h.messages.payloadIndex.keep('billing/abc', h.clock.now());
    expect(await h.store.removeUnused()).toBe(1);
    expect(await h.store.removeUnused()).toBe(0);
  });

  test('is removed in slices, however many there are', async () => {
    const count = 1_203;
    for (let n = 0; n < count; n++) await h.messages.payloadIndex.keep(`billing/${n}`, h.clock.now());
    expect(await h.store.removeUnused()).toBe(count);
  });
});

const steps = fc.oneof(
  fc.record({ do: fc.constant('put' as const), sender: fc.constantFrom('a', 'b'), content: fc.nat(1) }),
  fc.record({ do: fc.constant('send' as const), sender: fc.constantFrom('a', 'b'), content: fc.nat(1) }),
  fc.record({ do: fc.constant('attempt' as const), outcome: fc.constantFrom('success', 'failure', 'retry') }),
  fc.record({ do: fc.constant('replay' as const) }),
  fc.record({ do: fc.constant('clean' as const) }),
  fc.record({ do: fc.constant('restart' as const) }),
  fc.record({ do: fc.constant('wait' as const), hours: fc.constantFrom(1, 12, 25, 24 * 20) }),
);

/** Every message that can be sent still, or replayed, has its payload. */
async function assertNoneIsMissing(h: FilePayloadHarness, messages: readonly Message[]): Promise<void> {
  for (const { identity, request } of messages) {
    const [view] = await h.messages.get(identity);
    if (view === undefined || view.status === 'SUCCESS' || request.payload === undefined) continue;
    await (await h.store.open(request.payload)).close();
  }
}

test(
  'whatever happens in whatever order, no message loses its payload, and in the end none is left that nobody needs',
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 25 }), (history) =>
        withHarness(openFilePayloadHarness, async (h) => {
          const messages: Message[] = [];
          for (const step of history) {
            if (step.do === 'put') await h.store.put(step.sender, CONTENTS[step.content] ?? Buffer.alloc(0));
            if (step.do === 'send') {
              const upload = anUpload(CONTENTS[step.content] ?? Buffer.alloc(0), step.sender);
              const ref = await h.store.hold(upload);
              // Between the two others may clean up, but no day goes by.
              await clean(h);
              if (ref !== undefined) {
                const message = aLargeMessage(ref, step.sender, h.clock.now());
                await h.messages.accept([message]);
                messages.push(message);
              }
            }
            if (step.do === 'attempt') await attempt(h, step.outcome);
            if (step.do === 'replay') await h.messages.replayMany({ limit: 1, dryRun: false });
            if (step.do === 'clean') await clean(h);
            if (step.do === 'restart') await h.restart();
            if (step.do === 'wait') h.clock.advance(step.hours * HOUR_MS);
            await assertNoneIsMissing(h, messages);
          }
          h.clock.advance(DAY_MS);
          while ((await attempt(h, 'success')) !== undefined);
          for (let day = 0; day < 32; day++) {
            h.clock.advance(DAY_MS);
            await clean(h);
          }
          expect(await h.files()).toEqual([]);
        }),
      ),
      { numRuns: 100 },
    ),
  120_000,
);
