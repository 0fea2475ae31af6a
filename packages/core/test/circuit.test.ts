import { describe, expect, test } from '@jest/globals';
import {
  type AttemptOutcome,
  addCounts,
  BUCKET_MS,
  type Circuit,
  CLOCK_SKEW_MS,
  type Count,
  circuitExpiry,
  countRequest,
  endProbe,
  LEAST_REQUESTS,
  LONGEST_OPEN_MS,
  mergeCounts,
  offerProbe,
  passage,
  SHORTEST_OPEN_MS,
  startProbe,
  targetFailure,
} from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const LEASE_MS = 45_000;

const opening = { openMs: 30_000, requests: 10, failures: 6, why: 'HTTP 503' };
const anOpen = (changes: Partial<Extract<Circuit, { state: 'open' }>> = {}): Circuit => ({
  ...{ state: 'open', since: START_TIME, until: START_TIME + 33_000, ...opening, ...changes },
});
const aProbing = (token: string): Circuit => ({
  ...{ state: 'half-open', since: START_TIME, until: START_TIME + LEASE_MS, probe: token, ...opening },
});

/** Requests of one worker, told at once: `[milliseconds since the one before, whether it failed]`. */
const requests = fc.array(fc.tuple(fc.oneof(fc.nat(2_000), fc.nat(15_000), fc.constant(0)), fc.boolean()), {
  minLength: 20,
  maxLength: 60,
});

describe('a circuit', () => {
  test('opens at the very request at which half of at least ten in two buckets have failed, and not before', () => {
    let openings = 0;
    fc.assert(
      fc.property(requests, fc.nat(BUCKET_MS), random, (steps, offset, chance) => {
        let now = START_TIME + offset;
        let circuit: Circuit | null = null;
        const made: { bucket: number; failed: boolean }[] = [];
        for (const [ms, failed] of steps) {
          now += ms;
          circuit = addCounts(circuit, countRequest([], failed, now), 'timeout', { now, random: chance });
          const bucket = Math.floor(now / 30_000);
          made.push({ bucket, failed });
          const recent = made.filter((request) => request.bucket >= bucket - 1);
          const failures = recent.filter((request) => request.failed).length;
          const isTooMany = recent.length >= 10 && failures >= recent.length / 2;
          expect(circuit.state).toBe(isTooMany ? 'open' : 'closed');
          if (circuit.state !== 'open') continue;
          expect(circuit).toMatchObject({ since: now, requests: recent.length, failures, why: 'timeout' });
          openings += 1;
          return;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(openings).toBeGreaterThan(100);
  });

  test('comes to the same whichever workers made the requests, and however they gathered them', () => {
    const shared = fc.array(fc.tuple(fc.nat(2), fc.boolean(), fc.nat(BUCKET_MS - 1)), { maxLength: 40 });
    fc.assert(
      fc.property(shared, random, (made, chance) => {
        const now = Math.floor(START_TIME / BUCKET_MS) * BUCKET_MS + BUCKET_MS - 1;
        const tell = (circuit: Circuit | null, counts: readonly Count[]) =>
          addCounts(circuit, counts, 'dns', { now, random: chance });
        const counts = made.map(([, failed, ago]) => countRequest([], failed, now - ago));
        const all = tell(null, counts.reduce(mergeCounts, []));
        const byWorker = [0, 1, 2]
          .map((worker) => counts.filter((_, index) => made[index]?.[0] === worker).reduce(mergeCounts, []))
          .reduce<Circuit | null>(tell, null);
        // In steps it may have opened on the way, before requests that came through were told.
        if (all.state === 'open') expect(byWorker?.state).toBe('open');
        else if (byWorker?.state === 'closed') expect(byWorker).toEqual(all);
      }),
      { numRuns: 500 },
    );
  });

  test('is not opened by requests that were made before it closed', () => {
    const now = START_TIME + 2 * BUCKET_MS;
    const before = Array.from({ length: 20 }, () => countRequest([], true, now - BUCKET_MS)).reduce(mergeCounts, []);
    const closed: Circuit = { state: 'closed', since: now, counts: [] };
    expect(addCounts(closed, before, 'dns', { now, random: 0 })).toEqual(closed);
    expect(addCounts(null, before, 'dns', { now, random: 0 }).state).toBe('open');
  });

  test('counts again at once when the clock was set back', () => {
    const closed: Circuit = { state: 'closed', since: START_TIME, counts: [] };
    const now = START_TIME - 3_600_000;
    const counts = Array.from({ length: LEAST_REQUESTS }, () => countRequest([], true, now)).reduce(mergeCounts, []);
    expect(addCounts(closed, counts, 'dns', { now, random: 0 }).state).toBe('open');
  });

  test('takes the counts of a worker whose clock has begun the next bucket', () => {
    const now = (Math.floor(START_TIME / BUCKET_MS) + 1) * BUCKET_MS - 1;
    const ahead = countRequest([], true, now + 1);
    const closed = addCounts(null, ahead, 'dns', { now, random: 0 });
    expect(closed).toMatchObject({ state: 'closed', counts: [{ requests: 1, failures: 1 }] });
    expect(addCounts(closed, countRequest([], false, now), '', { now, random: 0 })).toMatchObject({
      counts: [
        { requests: 1, failures: 0 },
        { requests: 1, failures: 1 },
      ],
    });
  });

  test('that is not closed is left as it is by what was sent before', () => {
    const counts = Array.from({ length: 20 }, () => countRequest([], true, START_TIME)).reduce(mergeCounts, []);
    for (const circuit of [anOpen(), aProbing('a')]) {
      expect(addCounts(circuit, counts, 'dns', { now: START_TIME, random: 0 })).toBe(circuit);
    }
  });
});

describe('an opening', () => {
  test('lasts 30 s at first, twice as long after each probe that fails, and 15 minutes at the most, each jittered', () => {
    fc.assert(
      fc.property(fc.array(random, { minLength: 8, maxLength: 8 }), (chances) => {
        const tenFailures = [{ bucket: Math.floor(START_TIME / BUCKET_MS), requests: 10, failures: 10 }];
        let now = START_TIME;
        let circuit = addCounts(null, tenFailures, 'dns', { now, random: chances[0] ?? 0 });
        for (const [index, chance] of chances.entries()) {
          if (circuit.state !== 'open') throw new Error('expected it to be open');
          const openMs = circuit.until - now;
          const least = Math.min(SHORTEST_OPEN_MS * 2 ** index, LONGEST_OPEN_MS / 1.2);
          expect(openMs).toBe(least + Math.round(least * 0.2 * (index === 0 ? (chances[0] ?? 0) : chance)));
          expect(openMs).toBeGreaterThanOrEqual(30_000);
          expect(openMs).toBeLessThanOrEqual(900_000);
          now = circuit.until;
          const probing = startProbe(circuit, { now, token: 'a', leaseMs: LEASE_MS });
          now += 1_000;
          const random = chances[index + 1] ?? 0;
          circuit = endProbe(probing ?? null, 'a', 'HTTP 500', { now, random }) ?? circuit;
        }
      }),
      { numRuns: 200 },
    );
  });

  test('begins at 30 s again after a probe came through', () => {
    const closed = endProbe(aProbing('a'), 'a', null, { now: START_TIME, random: 0.5 });
    expect(closed).toEqual({ state: 'closed', since: START_TIME, counts: [] });
    const counts = Array.from({ length: 10 }, () => countRequest([], true, START_TIME)).reduce(mergeCounts, []);
    const again = addCounts(closed ?? null, counts, 'tls', { now: START_TIME, random: 0 });
    expect(again).toMatchObject({ state: 'open', until: START_TIME + SHORTEST_OPEN_MS });
  });
});

describe('a probe', () => {
  const anyCircuit: fc.Arbitrary<Circuit> = fc
    .record({ since: fc.nat(10_000_000), lasts: fc.nat(LONGEST_OPEN_MS), isProbing: fc.boolean() })
    .map(({ since, lasts, isProbing }) => {
      const times = { since: START_TIME + since, until: START_TIME + since + lasts };
      return isProbing
        ? { state: 'half-open', probe: 'other', ...opening, ...times }
        : { state: 'open', ...opening, ...times };
    });

  test('is offered by any circuit that is not closed once its time is over, and not before', () => {
    fc.assert(
      fc.property(anyCircuit, fc.integer({ min: -CLOCK_SKEW_MS, max: 2 * LONGEST_OPEN_MS }), (circuit, ms) => {
        if (circuit.state === 'closed') throw new Error('expected it not to be closed');
        const now = circuit.since + ms;
        const isOver = now >= circuit.until;
        expect(passage(circuit, now)).toEqual(isOver ? { kind: 'probe' } : { kind: 'wait', until: circuit.until });
        const probing = startProbe(circuit, { now, token: 'a', leaseMs: LEASE_MS });
        if (!isOver) expect(probing).toBeUndefined();
        else
          expect(probing).toEqual({
            ...{ ...circuit, state: 'half-open', since: now, until: now + LEASE_MS, probe: 'a' },
          });
      }),
      { numRuns: 500 },
    );
  });

  test('is offered too when the clock was set back: no circuit is open for longer than its time and a minute', () => {
    fc.assert(
      fc.property(anyCircuit, fc.integer({ min: 0, max: 10_000_000 }), (circuit, ms) => {
        if (circuit.state === 'closed') throw new Error('expected it not to be closed');
        const now = circuit.since - ms;
        const passes = passage(circuit, now);
        if (ms > CLOCK_SKEW_MS) expect(passes).toEqual({ kind: 'probe' });
        if (passes.kind === 'wait') {
          expect(passes.until - now).toBeLessThanOrEqual(circuit.until - circuit.since + CLOCK_SKEW_MS);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is not offered by a closed circuit, nor by none: there everybody goes', () => {
    const closed: Circuit = { state: 'closed', since: START_TIME, counts: [] };
    for (const circuit of [null, closed]) {
      expect(passage(circuit, START_TIME)).toEqual({ kind: 'go' });
      expect(startProbe(circuit, { now: START_TIME, token: 'a', leaseMs: 1 })).toBeUndefined();
    }
  });

  test('that failed opens the circuit again, and says why', () => {
    const now = START_TIME + 1_000;
    expect(endProbe(aProbing('a'), 'a', 'timeout', { now, random: 0 })).toEqual({
      ...{ ...opening, state: 'open', since: now, until: now + 60_000, openMs: 60_000, why: 'timeout' },
    });
  });

  test('of which no request was made is offered again at once, for as long as it was', () => {
    const now = START_TIME + 1_000;
    const ended = endProbe(aProbing('a'), 'a', undefined, { now, random: 0.9 });
    expect(ended).toEqual({ ...opening, state: 'open', since: now, until: now });
    expect(passage(ended ?? null, now)).toEqual({ kind: 'probe' });
  });

  test('that is no longer the one that counts changes nothing', () => {
    for (const circuit of [null, anOpen(), aProbing('b')]) {
      for (const failure of [null, undefined, 'timeout']) {
        expect(endProbe(circuit, 'a', failure, { now: START_TIME, random: 0 })).toBeUndefined();
      }
    }
  });

  test('can be offered at once by hand, unless one is under way', () => {
    const now = START_TIME + 5;
    expect(passage(offerProbe(anOpen(), now), now)).toEqual({ kind: 'probe' });
    expect(offerProbe(aProbing('a'), now)).toEqual(aProbing('a'));
    expect(offerProbe(null, now)).toBeNull();
  });
});

describe('what an outcome says of its target', () => {
  const response = (statusCode: number): AttemptOutcome => ({ kind: 'response', statusCode, excerpt: 'secret' });

  test.each([500, 501, 503, 599])('HTTP %d is a failure', (statusCode) => {
    expect(targetFailure(response(statusCode))).toBe(`HTTP ${statusCode}`);
  });

  test.each([200, 204, 301, 400, 404, 408, 410, 425, 429, 499, 600])('HTTP %d is an answer', (statusCode) => {
    expect(targetFailure(response(statusCode))).toBeNull();
  });

  test.each(['timeout', 'dns', 'tls', 'connection'] as const)('%s is a failure', (kind) => {
    expect(targetFailure({ kind, detail: 'secret' })).toBe(kind);
  });

  test.each<AttemptOutcome>([
    { kind: 'blocked', detail: '' },
    { kind: 'held', detail: '' },
    { kind: 'interrupted' },
    { kind: 'expired' },
  ])('$kind says nothing', (outcome) => {
    expect(targetFailure(outcome)).toBeUndefined();
  });
});

describe('a circuit that is kept', () => {
  test('is over with the window of its last count, or a day after it might have been probed', () => {
    const bucket = Math.floor(START_TIME / BUCKET_MS);
    const counted: Circuit = {
      state: 'closed',
      since: START_TIME - 900_000,
      counts: [{ bucket, requests: 1, failures: 1 }],
    };
    expect(circuitExpiry(counted)).toBe((bucket + 2) * BUCKET_MS);
    expect(circuitExpiry({ state: 'closed', since: START_TIME, counts: [] })).toBe((bucket + 2) * BUCKET_MS);
    expect(circuitExpiry(anOpen())).toBe(START_TIME + 33_000 + 86_400_000);
  });
});
