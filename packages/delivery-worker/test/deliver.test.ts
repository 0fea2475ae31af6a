import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { anEntry, START_TIME } from '@millrace/core/testing';
import { deliver } from '../src/deliver.ts';
import { LEASE_UNTIL, unavailable, won } from './support/claims.ts';
import { entryNamed } from './support/entries.ts';
import { makeScripted, REQUEST_TIMEOUT_MS, type Script } from './support/scripted.ts';

describe('an entry whose claim', () => {
  const MB = 1_024 * 1_024;

  test('is won is requested, settled and acknowledged', async () => {
    const entry = entryNamed('m');
    const { deps, events, claims, settlements } = makeScripted();
    expect(await deliver([entry], deps)).toEqual(['acknowledge']);
    expect(events).toEqual(['claim m', 'claimed m', 'send m', 'settle m']);
    expect(claims).toEqual([{ entry, token: 'token-1', leaseMs: expect.any(Number) }]);
    expect(settlements).toEqual([{ entry, token: 'token-1', result: { kind: 'success' }, error: null }]);
  });

  test.each([0, 1, 6 * MB])('covers a body of %d bytes asks for a lease that outlives its request', async (length) => {
    const { deps, claims, deadlines } = makeScripted();
    await deliver([anEntry({ body: new Uint8Array(length) })], deps);
    expect(deadlines).toEqual([REQUEST_TIMEOUT_MS + Math.ceil(length / MB) * 1_000]);
    expect(claims[0]?.leaseMs).toBeGreaterThan((deadlines[0] ?? 0) + 10_000);
  });

  test('is won by takeover is requested as the attempt after the one that was cut off', async () => {
    const { deps, events, reports } = makeScripted({ claim: () => won({ attempt: 3, takeover: true }) });
    expect(await deliver([entryNamed('m')], deps)).toEqual(['acknowledge']);
    expect(events).toEqual(['claim m', 'claimed m', 'send m', 'settle m']);
    expect(reports.map(({ attempt }) => attempt)).toEqual([3]);
  });

  test('is busy is handed back until the lease is over, and then acknowledged', async () => {
    const entry = entryNamed('m');
    const { deps, events, handedBack } = makeScripted({ claim: () => ({ kind: 'busy', until: LEASE_UNTIL }) });
    expect(await deliver([entry], deps)).toEqual(['acknowledge']);
    expect(events).toEqual(['claim m', 'claimed m', 'hand back m']);
    expect(handedBack).toEqual([{ entry, until: LEASE_UNTIL }]);
  });

  test('is stale is acknowledged', async () => {
    const { deps, events } = makeScripted({ claim: () => ({ kind: 'stale' }) });
    expect(await deliver([entryNamed('m')], deps)).toEqual(['acknowledge']);
    expect(events).toEqual(['claim m', 'claimed m']);
  });

  test('finds no message is kept as an orphan, and then acknowledged', async () => {
    const entry = entryNamed('m');
    const { deps, events, orphans } = makeScripted({ claim: () => ({ kind: 'missing' }) });
    expect(await deliver([entry], deps)).toEqual(['acknowledge']);
    expect(events).toEqual(['claim m', 'claimed m', 'keep m']);
    expect(orphans).toEqual([entry]);
  });

  test.each<[string, Script]>([
    ['cannot be made', { claim: () => Promise.reject(unavailable()) }],
    [
      'is busy but cannot be handed back',
      { claim: () => ({ kind: 'busy', until: 1 }), handBack: () => Promise.reject(unavailable()) },
    ],
    [
      'finds no message but cannot be kept',
      { claim: () => ({ kind: 'missing' }), keepOrphans: () => Promise.reject(unavailable()) },
    ],
  ])('%s is not acknowledged, and nothing is requested', async (_what, script) => {
    const { deps, deadlines, settlements, errors } = makeScripted(script);
    expect(await deliver([entryNamed('m')], deps)).toEqual(['leave']);
    expect(errors).toEqual([expect.any(StoreUnavailableError)]);
    expect(deadlines).toEqual([]);
    expect(settlements).toEqual([]);
  });

  test('gets no answer is not acknowledged', async () => {
    const { deps, deadlines, errors } = makeScripted({ claim: () => undefined });
    expect(await deliver([entryNamed('m')], deps)).toEqual(['leave']);
    expect(String(errors)).toContain('no answer to a claim');
    expect(deadlines).toEqual([]);
  });
});

describe('a claim that came late', () => {
  test.each([
    ['ends before the deadline would', REQUEST_TIMEOUT_MS - 1, []],
    ['lasts just as long as the deadline', REQUEST_TIMEOUT_MS, [REQUEST_TIMEOUT_MS]],
  ])('and whose lease %s: %d ms', async (_what, leftMs, deadlines) => {
    const scripted = makeScripted({
      claim: ({ leaseMs }) => {
        const leaseUntil = scripted.clock.now() + leaseMs;
        scripted.clock.set(leaseUntil - leftMs);
        return won({ leaseUntil });
      },
    });
    const expected = deadlines.length === 0 ? 'leave' : 'acknowledge';
    expect(await deliver([anEntry({ body: '' })], scripted.deps)).toEqual([expected]);
    expect(scripted.deadlines).toEqual(deadlines);
    expect(scripted.settlements).toHaveLength(deadlines.length);
  });
});

describe('an attempt without a request', () => {
  test('is one past the plan: the one before was interrupted', async () => {
    const entry = anEntry({ maxAttempts: 2 });
    const { deps, deadlines, settlements } = makeScripted({ claim: () => won({ attempt: 3, takeover: true }) });
    expect(await deliver([entry], deps)).toEqual(['acknowledge']);
    expect(deadlines).toEqual([]);
    expect(settlements).toEqual([
      {
        entry,
        token: 'token-1',
        result: { kind: 'failure', reason: 'interrupted', requested: false },
        error: { statusCode: null, message: 'the last attempt was cut off before its result was known' },
      },
    ]);
  });

  test('is not the last one of the plan', async () => {
    const { deps, deadlines } = makeScripted({ claim: () => won({ attempt: 2 }) });
    await deliver([anEntry({ maxAttempts: 2 })], deps);
    expect(deadlines).toHaveLength(1);
  });

  test.each([START_TIME, START_TIME - 1])(
    'is one of a message that expired, also in this moment',
    async (expiresAt) => {
      const { deps, deadlines, settlements } = makeScripted();
      expect(await deliver([anEntry({ expiresAt })], deps)).toEqual(['acknowledge']);
      expect(deadlines).toEqual([]);
      expect(settlements.map(({ result, error }) => ({ result, error }))).toEqual([
        {
          result: { kind: 'failure', reason: 'expired', requested: false },
          error: { statusCode: null, message: 'expired before it could be delivered' },
        },
      ]);
    },
  );

  test('is not one of a message that expires the moment after', async () => {
    const { deps, deadlines } = makeScripted();
    await deliver([anEntry({ expiresAt: START_TIME + 1 })], deps);
    expect(deadlines).toHaveLength(1);
  });
});
