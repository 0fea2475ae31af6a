import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Histogram } from '../src/load/histogram.ts';

function histogramOf(times: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const time of times) histogram.record(time);
  return histogram;
}

/** Nearest rank, the definition that the histogram follows. */
function exactPercentile(times: readonly number[], percent: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1] ?? Number.NaN;
}

/** Half a microsecond: times are rounded to whole ones. */
const ROUNDING_MS = 0.0005;
const MAX_MS = (2 ** 32 - 1) / 1_000;

/** Microseconds to over an hour, every order of magnitude as likely as the next. */
const time = fc.double({ min: -4, max: Math.log10(MAX_MS), noNaN: true }).map((exponent) => 10 ** exponent);
const percent = fc.double({ min: 0.001, max: 100, noNaN: true });

describe('the latency histogram', () => {
  test('gives percentiles that are never below those of the sorted times and at most 1/128 above', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 300 }), percent, (times, p) => {
        const exact = exactPercentile(times, p);
        const found = histogramOf(times).percentile(p);
        expect(found).toBeGreaterThanOrEqual(exact - ROUNDING_MS - 1e-9);
        expect(found).toBeLessThanOrEqual((exact + ROUNDING_MS) * (1 + 1 / 128) + 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  test('knows the highest time exactly and the mean to the rounding of a microsecond', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 100 }), (times) => {
        const histogram = histogramOf(times);
        const mean = times.reduce((sum, each) => sum + each, 0) / times.length;
        expect(histogram.max).toBe(Math.max(...times));
        expect(histogram.percentile(100)).toBeLessThanOrEqual(histogram.max);
        expect(Math.abs(histogram.mean() - mean)).toBeLessThanOrEqual(ROUNDING_MS + mean * 1e-9);
      }),
    );
  });

  test('puts each microsecond below 256 into a bucket of its own', () => {
    for (let micros = 0; micros < 256; micros++) {
      expect(histogramOf([micros / 1_000, 1_000]).percentile(50)).toBe(micros / 1_000);
    }
  });

  test('answers 0 when nothing was recorded', () => {
    const histogram = new Histogram();
    expect([histogram.percentile(50), histogram.max, histogram.mean(), histogram.count]).toEqual([0, 0, 0, 0]);
  });

  test('counts times below 0 as 0 and times past its range as the longest', () => {
    expect(histogramOf([-5]).percentile(50)).toBe(0);
    const overlong = histogramOf([MAX_MS * 10]);
    expect(overlong.percentile(50)).toBeCloseTo(MAX_MS, 0);
    expect(overlong.max).toBe(MAX_MS * 10);
  });
});
