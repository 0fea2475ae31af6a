import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openRetryWindow } from '../src/retry-window.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a retry window', () => {
  test('doubles its waits from 250 ms to 5 s', () => {
    const window = openRetryWindow(60_000, { now: () => 0, random: () => 0 });
    const delays = Array.from({ length: 7 }, () => window.nextDelay(0));
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  test('never waits past its end, nor less than half of its step or than the server asks for', () => {
    const failure = fc.record({
      random,
      retryAfterMs: fc.oneof(fc.constant(0), fc.nat({ max: 20_000 })),
      took: fc.nat(5_000),
    });
    fc.assert(
      fc.property(fc.nat({ max: 60_000 }), fc.array(failure), (forMs, failures) => {
        let now = 1_000_000;
        let chance = 0;
        const window = openRetryWindow(forMs, { now: () => now, random: () => chance });
        const start = now + (failures[0]?.took ?? 0);
        for (const [index, { random, retryAfterMs, took }] of failures.entries()) {
          chance = random;
          now += took;
          const step = Math.min(5_000, 250 * 2 ** index);
          const delay = window.nextDelay(retryAfterMs);
          const least = Math.max(retryAfterMs, step / 2);
          if (delay === undefined) {
            expect(now + Math.max(retryAfterMs, step)).toBeGreaterThan(start + forMs);
            return;
          }
          expect(delay).toBeGreaterThanOrEqual(least);
          expect(delay).toBeLessThanOrEqual(Math.max(retryAfterMs, step));
          now += delay;
          expect(now).toBeLessThanOrEqual(start + forMs);
        }
      }),
    );
  });
});
