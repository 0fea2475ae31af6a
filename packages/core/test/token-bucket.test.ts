import { describe, expect, test } from '@jest/globals';
import { fullBucket, type RateLimit, refill, type TokenBucket, timeUntil } from '@millrace/core';
import fc from 'fast-check';

const limit: fc.Arbitrary<RateLimit> = fc.record({
  perSecond: fc.integer({ min: 1, max: 5_000 }),
  burst: fc.integer({ min: 1, max: 500 }),
});
/** Requests: milliseconds since the one before, and tokens. */
const requests = fc.array(fc.tuple(fc.nat(2_000), fc.integer({ min: 1, max: 500 })), { minLength: 1, maxLength: 40 });

/** Takes what there is for each request, and tells when and how many. */
function run(rate: RateLimit, asked: readonly (readonly [number, number])[]) {
  let now = 0;
  let bucket = fullBucket(rate, now);
  return asked.flatMap(([after, wanted]) => {
    now += after;
    bucket = refill(bucket, rate, now);
    if (timeUntil(bucket, rate, wanted) > 0) return [];
    bucket = { ...bucket, tokens: bucket.tokens - wanted };
    return [{ now, wanted }];
  });
}

describe('a token bucket', () => {
  test('lets through in any span of time no more than its burst and its rate allow', () => {
    fc.assert(
      fc.property(limit, requests, (rate, asked) => {
        const passed = run(rate, asked);
        for (const [index, first] of passed.entries()) {
          let sum = 0;
          for (const { now, wanted } of passed.slice(index)) {
            sum += wanted;
            const allowed = rate.burst + (rate.perSecond * (now - first.now)) / 1_000;
            expect(sum).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('has the tokens after the time that it tells, and not a millisecond before', () => {
    const tokens = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(limit, tokens, fc.integer({ min: 1, max: 500 }), (rate, held, wanted) => {
        fc.pre(wanted <= rate.burst);
        const bucket: TokenBucket = { tokens: Math.min(held, rate.burst), at: 0 };
        const waitMs = timeUntil(bucket, rate, wanted);
        expect(refill(bucket, rate, waitMs).tokens).toBeGreaterThanOrEqual(wanted - 1e-6);
        if (waitMs > 0) expect(refill(bucket, rate, waitMs - 1).tokens).toBeLessThan(wanted);
      }),
      { numRuns: 200 },
    );
  });

  test('never has more than its burst, nor anything from a clock that was set back', () => {
    fc.assert(
      fc.property(limit, fc.array(fc.integer({ min: -10_000, max: 10_000 })), (rate, leaps) => {
        let now = 0;
        let bucket: TokenBucket = { tokens: 0, at: now };
        let forward = 0;
        for (const leap of leaps) {
          now += leap;
          forward += Math.max(0, leap);
          bucket = refill(bucket, rate, now);
          expect(bucket.tokens).toBeLessThanOrEqual(Math.min(rate.burst, (forward * rate.perSecond) / 1_000) + 1e-6);
        }
      }),
    );
  });

  test('never has what is more than its burst, and says so', () => {
    const rate = { perSecond: 10, burst: 5 };
    expect(timeUntil(fullBucket(rate, 0), rate, 6)).toBe(Number.POSITIVE_INFINITY);
    expect(timeUntil(fullBucket(rate, 0), rate, 5)).toBe(0);
    expect(timeUntil({ tokens: 0, at: 0 }, rate, 1)).toBe(100);
  });
});
