import { describe, expect, test } from '@jest/globals';
import { type AttemptOutcome, LIMITS, type Result, StoreUnavailableError } from '@millrace/core';
import { anEntry, START_TIME } from '@millrace/core/testing';
import { deliver } from '../src/deliver.ts';
import type { Target } from '../src/http-target.ts';
import { LEASE_UNTIL, unavailable, won } from './support/claims.ts';
import { entryNamed, idOf } from './support/entries.ts';
import { makeScripted } from './support/scripted.ts';

describe('the outcome of a request', () => {
  const response = (statusCode: number, retryAfterMs?: number): AttemptOutcome => ({
    kind: 'response',
    statusCode,
    excerpt: 'why',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  /** `random` is a half: in the middle of up to 1 s after the first attempt, of up to 2 s after the second. */
  const retryAfter = (ms: number): Result => ({ kind: 'retry', due: START_TIME + ms });
  const failure = (reason: 'exhausted' | 'rejected' | 'gone' | 'expired'): Result => ({
    kind: 'failure',
    reason,
    requested: true,
  });

  async function resultOf(
    outcome: AttemptOutcome,
    { attempt = 1, ...entry }: { attempt?: number; maxAttempts?: number; expiresAt?: number } = {},
  ) {
    const { deps, settlements } = makeScripted({ claim: () => won({ attempt }), send: () => outcome });
    expect(await deliver([anEntry(entry)], deps)).toEqual(['acknowledge']);
    expect(settlements).toHaveLength(1);
    return settlements[0];
  }

  test.each([200, 201, 202, 204, 299])('%d is success', async (status) => {
    expect(await resultOf(response(status))).toMatchObject({ result: { kind: 'success' }, error: null });
  });

  test.each([408, 425, 429, 500, 502, 503, 504, 599])('%d is retried, and kept as the error', async (status) => {
    expect(await resultOf(response(status))).toMatchObject({
      result: retryAfter(500),
      error: { statusCode: status, message: `HTTP ${status}: why` },
    });
  });

  test.each(['timeout', 'dns', 'tls', 'connection'] as const)('%s is retried, and kept as the error', async (kind) => {
    expect(await resultOf({ kind, detail: 'why' })).toMatchObject({
      result: retryAfter(500),
      error: { statusCode: null, message: `${kind}: why` },
    });
  });

  test.each([300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 409, 411, 422, 499])(
    '%d is rejected',
    async (status) => {
      expect(await resultOf(response(status))).toMatchObject({
        result: failure('rejected'),
        error: { statusCode: status, message: `HTTP ${status}: why` },
      });
    },
  );

  test('410 is gone', async () => {
    expect(await resultOf(response(410))).toMatchObject({ result: failure('gone'), error: { statusCode: 410 } });
  });

  test('of a blocked target is a failure that made no request', async () => {
    expect(await resultOf({ kind: 'blocked', detail: 'MILLRACE_ALLOW_HTTP' })).toMatchObject({
      result: { kind: 'failure', reason: 'blocked', requested: false },
      error: { statusCode: null, message: 'blocked: MILLRACE_ALLOW_HTTP' },
    });
  });

  test('of a body that no invocation has the time for is a failure that made no request, and says so', async () => {
    const payload = { key: 'billing/x', sha256: 'x', size: 60 * 1_024 * 1_024, etag: '"x"' };
    const large = anEntry({ payload });
    // 30 s, and a second for each MB.
    const tooShort = makeScripted();
    await deliver([large], { ...tooShort.deps, longestExchangeMs: 89_999 });
    expect(tooShort.events).not.toContain(`send ${idOf(large)}`);
    expect(tooShort.settlements).toMatchObject([
      {
        result: { kind: 'failure', reason: 'blocked', requested: false },
        error: { message: expect.stringMatching(/^blocked: a body of 62914560 bytes may take 90 s, .* leaves 89 s/) },
      },
    ]);
    const longEnough = makeScripted();
    await deliver([large], { ...longEnough.deps, longestExchangeMs: 90_000 });
    expect(longEnough.events).toContain(`send ${idOf(large)}`);
  });

  test('that could be retried is exhausted after the last attempt', async () => {
    const attempt = LIMITS.maxAttempts;
    expect(await resultOf(response(503), { attempt: attempt - 1, maxAttempts: attempt })).toMatchObject({
      result: retryAfter(30_000),
    });
    expect(await resultOf(response(503), { attempt, maxAttempts: attempt })).toMatchObject({
      result: failure('exhausted'),
      error: { statusCode: 503 },
    });
  });

  test('that could be retried is expired when the retry would come at the end of the message or later', async () => {
    expect(await resultOf(response(500), { expiresAt: START_TIME + 500 })).toMatchObject({
      result: failure('expired'),
    });
    expect(await resultOf(response(500), { expiresAt: START_TIME + 501 })).toMatchObject({ result: retryAfter(500) });
  });

  test('that says when to come again is retried no sooner', async () => {
    expect(await resultOf(response(429, 7_000))).toMatchObject({ result: retryAfter(7_000) });
    expect(await resultOf(response(503, 100))).toMatchObject({ result: retryAfter(500) });
    expect(await resultOf(response(503, 7_000), { attempt: 3 })).toMatchObject({ result: failure('exhausted') });
  });

  test('counts from the time of the answer, not of the request', async () => {
    const scripted = makeScripted({
      send: () => {
        scripted.clock.advance(20_000);
        return response(500);
      },
    });
    await deliver([anEntry()], scripted.deps);
    expect(scripted.settlements[0]?.result).toEqual(retryAfter(20_500));
  });

  test('is reported with its reaction and how long it took', async () => {
    const entry = anEntry();
    const outcome = response(500);
    const scripted = makeScripted({
      claim: () => won({ attempt: 2 }),
      send: () => {
        scripted.clock.advance(1_234);
        return outcome;
      },
    });
    await deliver([entry], scripted.deps);
    const reaction = { kind: 'retry', due: START_TIME + 1_234 + 1_000 };
    expect(scripted.reports).toEqual([
      {
        ...{ entry, attempt: 2, outcome, reaction, settled: 'settled', startedAt: START_TIME, durationMs: 1_234 },
        timings: undefined,
        since: undefined,
      },
    ]);
  });

  test('is reported with the timings of its request, and since when the message waits', async () => {
    const timings = { connectMs: 1, firstByteMs: 2, totalMs: 3, requestBytes: 4, responseBytes: 5 };
    const since = START_TIME - 5_000;
    const { deps, reports } = makeScripted({ claim: () => won({ since }) });
    const target: Pick<Target, 'send'> = {
      send(_, __, ___, observe) {
        observe?.(timings);
        return Promise.resolve(response(200));
      },
    };
    await deliver([anEntry()], { ...deps, target });
    expect(reports).toMatchObject([{ timings, since, settled: 'settled' }]);
  });

  test.each([
    ['is another worker’s by now', () => 'acknowledge' as const, 'acknowledge'],
    ['cannot be stored for a defect', () => Promise.reject(new Error('no such column')), undefined],
  ])('is reported also when the result %s', async (_, settle, settled) => {
    const { deps, reports } = makeScripted({ settle });
    await deliver([anEntry()], deps);
    expect(reports).toMatchObject([{ outcome: { statusCode: 200 }, reaction: { kind: 'succeed' }, settled }]);
    expect(reports[0]?.settled).toBe(settled);
  });

  test('need not be reported to anyone', async () => {
    const { onAttempt: _, ...deps } = makeScripted().deps;
    expect(await deliver([anEntry()], deps)).toEqual(['acknowledge']);
  });
});

describe('a result', () => {
  test.each([
    ['settled', 'acknowledge'],
    ['acknowledge', 'acknowledge'],
    ['leave', 'leave'],
    [undefined, 'leave'],
  ] as const)('that the store answers with %s: %s', async (settled, disposition) => {
    const { deps } = makeScripted({ settle: () => settled });
    expect(await deliver([anEntry()], deps)).toEqual([disposition]);
  });

  test.each([1, 2, 50])(
    'that cannot be stored is offered again until it is, without another request',
    async (failures) => {
      const { deps, events, settlements, sleeps } = makeScripted({
        settle: () => (settlements.length <= failures ? Promise.reject(unavailable()) : 'settled'),
      });
      expect(await deliver([entryNamed('m')], deps)).toEqual(['acknowledge']);
      expect(events.filter((event) => event === 'send m')).toHaveLength(1);
      expect(settlements).toEqual(Array.from({ length: failures + 1 }, () => settlements[0]));
      expect(sleeps).toEqual(Array.from({ length: failures }, () => 250));
    },
  );

  test.each([
    ['the lease is over', undefined, LEASE_UNTIL],
    ['the process is about to be stopped', LEASE_UNTIL - 10_000, LEASE_UNTIL - 10_000],
    ['the lease is over, before the process is stopped', LEASE_UNTIL + 10_000, LEASE_UNTIL],
  ])('that cannot be stored is given up when %s, and not acknowledged', async (_, stoppedAt, end) => {
    const times: number[] = [];
    const scripted = makeScripted({
      claim: () => won({ leaseUntil: LEASE_UNTIL }),
      settle: () => {
        times.push(scripted.clock.now());
        return times.length > 1_000 ? 'settled' : Promise.reject(unavailable());
      },
    });
    const deps = stoppedAt === undefined ? scripted.deps : { ...scripted.deps, stoppedAt };
    expect(await deliver([anEntry()], deps)).toEqual(['leave']);
    expect(scripted.errors).toEqual([expect.any(StoreUnavailableError)]);
    expect(Math.max(...times)).toBeLessThan(end);
    expect(Math.max(...times)).toBeGreaterThanOrEqual(end - 250);
    expect(scripted.deadlines).toHaveLength(1);
  });

  test('that the store refuses for a defect is offered once, and not acknowledged', async () => {
    const { deps, settlements, sleeps, errors } = makeScripted({
      settle: () => Promise.reject(new Error('no such column')),
    });
    expect(await deliver([anEntry()], deps)).toEqual(['leave']);
    expect(String(errors)).toContain('no such column');
    expect(settlements).toHaveLength(1);
    expect(sleeps).toEqual([]);
  });
});
