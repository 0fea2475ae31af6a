import { describe, expect, test } from '@jest/globals';
import type { AttemptOutcome, Entry, Message, MessageView, Reason } from '@millrace/core';
import { aMessage, anEntry, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { deliver } from '../src/deliver.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { closeAfterEach } from './support/resources.ts';
import { openSqliteWorld, type SqliteWorld } from './support/sqlite-world.ts';

const opened = closeAfterEach();
const openWorld = async (): Promise<SqliteWorld> => opened(await openSqliteWorld());

const LEASE_MS = 60_000;

async function accept(world: SqliteWorld, overrides: Parameters<typeof aMessage>[0] = {}): Promise<Message> {
  const message = aMessage(overrides);
  expect(await world.store.accept([message])).toEqual([{ kind: 'accepted' }]);
  return message;
}

async function takeOne(world: SqliteWorld): Promise<Entry> {
  const { entries } = await world.store.take(10);
  expect(entries).toHaveLength(1);
  return entries[0] as Entry;
}

/** Another worker claims the message, and says no more. */
async function claimElsewhere(world: SqliteWorld): Promise<Entry> {
  const entry = await takeOne(world);
  expect(await world.store.claim([{ entry, token: 'another', leaseMs: LEASE_MS }])).toMatchObject([{ kind: 'won' }]);
  return entry;
}

describe('with the SQLite store', () => {
  test('a message that is accepted is requested as it was given, and SUCCESS', async () => {
    const world = await openWorld();
    const message = await accept(world, { headers: [['X-A', '\u00ff']], body: new Uint8Array([0, 255]) });
    expect(await world.deliverDue()).toEqual(['acknowledge']);
    expect(world.requests.map(({ entry }) => ({ identity: entry.identity, request: entry.request }))).toEqual([
      { identity: message.identity, request: { ...message.request, body: new Uint8Array([0, 255]) } },
    ]);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS', attempts: 1, reason: null, lastError: null });
  });

  test('an entry that comes again after its message has ended is stale', async () => {
    const world = await openWorld();
    await accept(world);
    const entry = await takeOne(world);
    expect(await deliver([entry], world.deps)).toEqual(['acknowledge']);
    expect(await deliver([entry], world.deps)).toEqual(['acknowledge']);
    expect(world.requests).toHaveLength(1);
  });

  test('of two copies of an entry at once one is requested', async () => {
    const world = await openWorld();
    const message = await accept(world);
    const entry = await takeOne(world);
    expect(await deliver([entry, entry], world.deps)).toEqual(['acknowledge', 'acknowledge']);
    expect(world.requests).toHaveLength(1);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS', attempts: 1 });
  });

  test('an entry without a message becomes a dead letter', async () => {
    const world = await openWorld();
    const entry = anEntry();
    expect(await deliver([entry], world.deps)).toEqual(['acknowledge']);
    expect(world.requests).toEqual([]);
    const { identity, request, maxAttempts, expiresAt } = entry;
    expect(await world.view({ identity, request, plan: { maxAttempts, expiresAt } })).toMatchObject({
      status: 'FAILED',
      reason: 'orphan',
    });
  });

  test('an entry under the lease of another worker comes back when that is over, and is taken over', async () => {
    const world = await openWorld();
    const message = await accept(world);
    const entry = await claimElsewhere(world);
    expect(await deliver([entry], world.deps)).toEqual(['acknowledge']);
    world.clock.advance(LEASE_MS - 1);
    expect(await world.deliverDue()).toEqual([]);
    expect(world.requests).toEqual([]);
    world.clock.advance(1);
    expect(await world.deliverDue()).toEqual(['acknowledge']);
    expect(world.requests).toHaveLength(1);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS', attempts: 2 });
  });

  test('a message whose last attempt was cut off fails as interrupted, without a request', async () => {
    const world = await openWorld();
    const message = await accept(world, { maxAttempts: 1 });
    await claimElsewhere(world);
    world.clock.advance(LEASE_MS);
    expect(await world.deliverDue()).toEqual(['acknowledge']);
    expect(world.requests).toEqual([]);
    expect(await world.view(message)).toMatchObject({ status: 'FAILED', reason: 'interrupted', attempts: 1 });
  });

  test('a message that expired while it waited fails as expired, without a request', async () => {
    const world = await openWorld();
    const message = await accept(world, { expiresAt: START_TIME + 5_000 });
    world.clock.advance(5_000);
    expect(await world.deliverDue()).toEqual(['acknowledge']);
    expect(world.requests).toEqual([]);
    expect(await world.view(message)).toMatchObject({ status: 'FAILED', reason: 'expired', attempts: 0 });
  });

  test('a result that comes after the lease, when another worker has taken over, leaves the entry', async () => {
    const world = await openWorld();
    const message = await accept(world);
    const entry = await takeOne(world);
    const { target } = world.deps;
    const slow = {
      ...target,
      async send(): Promise<AttemptOutcome> {
        world.clock.advance(LEASE_MS);
        await world.store.claim([{ entry, token: 'another', leaseMs: LEASE_MS }]);
        return { kind: 'response', statusCode: 500 };
      },
    };
    expect(await deliver([entry], { ...world.deps, target: slow })).toEqual(['leave']);
    expect(await world.view(message)).toMatchObject({ status: 'PROCESSING', attempts: 2 });
  });
});

describe('with the SQLite store the outcome', () => {
  const status = (statusCode: number): AttemptOutcome => ({ kind: 'response', statusCode, excerpt: 'why' });
  const failed = (reason: Reason, error: Partial<MessageView['lastError']>, attempts = 1) => ({
    status: 'FAILED',
    reason,
    attempts,
    lastError: error,
  });

  test.each<[string, AttemptOutcome, object]>([
    ['204', status(204), { status: 'SUCCESS', reason: null, attempts: 1, lastError: null }],
    ['307', status(307), failed('rejected', { statusCode: 307, message: 'HTTP 307: why' })],
    ['404', status(404), failed('rejected', { statusCode: 404, message: 'HTTP 404: why' })],
    ['410', status(410), failed('gone', { statusCode: 410, message: 'HTTP 410: why' })],
    ['blocked', { kind: 'blocked', detail: 'why' }, failed('blocked', { message: 'blocked: why' }, 0)],
    [
      'payload-missing',
      { kind: 'payload-missing', detail: 'why' },
      failed('payload-missing', { message: 'payload-missing: why' }, 0),
    ],
  ])('%s ends the message', async (_name, outcome, expected) => {
    const world = await openWorld();
    const message = await accept(world);
    world.answerWith([outcome]);
    await world.deliverDue();
    expect(await world.view(message)).toMatchObject(expected);
  });

  test.each<[string, AttemptOutcome, string]>([
    ...[408, 425, 429, 500, 503, 599].map((code): [string, AttemptOutcome, string] => [
      String(code),
      status(code),
      `HTTP ${code}: why`,
    ]),
    ...(['timeout', 'dns', 'tls', 'connection', 'payload-unavailable'] as const).map(
      (kind): [string, AttemptOutcome, string] => [kind, { kind, detail: 'why' }, `${kind}: why`],
    ),
  ])('%s is retried until the plan is exhausted', async (_name, outcome, error) => {
    const world = await openWorld();
    const message = await accept(world, { maxAttempts: 3 });
    world.answerWith([outcome, outcome, outcome]);
    await world.deliverDue();
    // `random` is a half: in the middle of up to 1 s, then of up to 2 s.
    expect(await world.view(message)).toMatchObject({
      status: 'RETRYING',
      attempts: 1,
      nextAttemptAt: START_TIME + 500,
      lastError: { message: error },
    });
    expect(await world.deliverUntilEnded(message, 3)).toMatchObject(failed('exhausted', { message: error }, 3));
    expect(world.requests.map(({ at }) => at - START_TIME)).toEqual([0, 500, 1_500]);
  });

  test('that asks for a later time is listened to, unless the message has expired by then', async () => {
    const world = await openWorld();
    const message = await accept(world, { expiresAt: START_TIME + 100_000 });
    const busy = (retryAfterMs: number): AttemptOutcome => ({ kind: 'response', statusCode: 429, retryAfterMs });
    world.answerWith([busy(60_000), busy(60_000)]);
    await world.deliverDue();
    expect(await world.view(message)).toMatchObject({ status: 'RETRYING', nextAttemptAt: START_TIME + 60_000 });
    expect(await world.deliverUntilEnded(message, 2)).toMatchObject(failed('expired', { statusCode: 429 }, 2));
  });
});

describe('with the SQLite store any sequence of outcomes', () => {
  const retried = fc.oneof(
    fc.constantFrom('timeout', 'dns', 'tls', 'connection').map((kind): AttemptOutcome => ({ kind, detail: 'why' })),
    fc
      .record({
        statusCode: fc.oneof(fc.constantFrom(408, 425, 429), fc.integer({ min: 500, max: 599 })),
        retryAfterMs: fc.integer({ min: 0, max: 90_000 }),
      })
      .map((answer): AttemptOutcome => ({ kind: 'response', ...answer })),
  );
  const ended = fc.oneof(
    fc.integer({ min: 200, max: 599 }).map((statusCode): AttemptOutcome => ({ kind: 'response', statusCode })),
    fc.constant<AttemptOutcome>({ kind: 'blocked', detail: 'why' }),
  );

  /** The table of outcomes, once more: how a message ends that has this one. */
  function endOf(outcome: AttemptOutcome): { status: string; reason: Reason | null } | 'retry' {
    if (outcome.kind === 'blocked') return { status: 'FAILED', reason: 'blocked' };
    if (outcome.kind !== 'response') return 'retry';
    const { statusCode } = outcome;
    if (statusCode <= 299) return { status: 'SUCCESS', reason: null };
    if (statusCode >= 500 || statusCode === 408 || statusCode === 425 || statusCode === 429) return 'retry';
    return { status: 'FAILED', reason: statusCode === 410 ? 'gone' : 'rejected' };
  }

  test(
    'ends the message as the table says, after at most maxAttempts requests, none of them early',
    async () => {
      const world = await openWorld();
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 6 }),
          fc.array(fc.oneof({ arbitrary: retried, weight: 4 }, { arbitrary: ended, weight: 1 }), {
            minLength: 6,
            maxLength: 6,
          }),
          async (maxAttempts, outcomes) => {
            const message = await accept(world, { maxAttempts, expiresAt: world.clock.now() + 72 * 3_600_000 });
            const before = world.requests.length;
            world.answerWith(outcomes);
            const view = await world.deliverUntilEnded(message, maxAttempts);

            const ends = outcomes.slice(0, maxAttempts).map(endOf);
            const index = ends.findIndex((end) => end !== 'retry');
            const end = ends[index] ?? 'retry';
            const expected = end === 'retry' ? { status: 'FAILED', reason: 'exhausted' } : end;
            const requests = world.requests.slice(before);
            expect(view).toMatchObject(expected);
            expect(requests).toHaveLength(index === -1 ? maxAttempts : index + 1);
            for (const [retry, { at }] of requests.slice(1).entries()) {
              const outcome = outcomes[retry];
              const asked = outcome?.kind === 'response' ? (outcome.retryAfterMs ?? 0) : 0;
              const backoff = Math.min(60_000, 1_000 * 2 ** retry) / 2;
              expect(at - (requests[retry]?.at ?? 0)).toBe(Math.max(asked, backoff));
            }
          },
        ),
        { numRuns: 100 },
      );
    },
    PROPERTY_LIMIT_MS,
  );
});
