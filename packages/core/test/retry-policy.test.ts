import { describe, expect, test } from '@jest/globals';
import { backoffDelay, parseRetryAfter, RETRY_AFTER_CAP_MS } from '@millrace/core';
import fc from 'fast-check';

const attempt = fc.integer({ min: 1, max: 1_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const LARGEST_RANDOM = 1 - 2 ** -53;

function ceiling(failed: number): number {
  return [1_000, 2_000, 4_000, 8_000, 16_000, 32_000][failed - 1] ?? 60_000;
}

describe('backoffDelay', () => {
  test('is a whole number from 0 to min(60 s, 1 s · 2^(attempt−1))', () => {
    fc.assert(
      fc.property(attempt, random, (failed, chance) => {
        const delay = backoffDelay(failed, chance);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(ceiling(failed));
      }),
      { numRuns: 2_000 },
    );
  });

  test('reaches both bounds and does not pass them, for every attempt', () => {
    for (let failed = 1; failed <= 1_000; failed++) {
      expect([backoffDelay(failed, 0), backoffDelay(failed, LARGEST_RANDOM)]).toEqual([0, ceiling(failed)]);
    }
  });

  test('gives every delay the same share of the random numbers', () => {
    const delay = attempt.chain((failed) => fc.tuple(fc.constant(failed), fc.nat(ceiling(failed))));
    fc.assert(
      fc.property(delay, ([failed, wanted]) => {
        expect(backoffDelay(failed, (wanted + 0.001) / (ceiling(failed) + 1))).toBe(wanted);
        expect(backoffDelay(failed, (wanted + 0.999) / (ceiling(failed) + 1))).toBe(wanted);
      }),
      { numRuns: 1_000 },
    );
  });
});

const NOW = Date.UTC(2026, 10, 22, 10, 0, 0);
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The three forms of RFC 9110 §5.6.7. */
const FORMS = {
  'an IMF-fixdate': (date: Date) => date.toUTCString(),
  'an RFC 850 date': (date: Date) => {
    const [, day, month, year = '', time] = date.toUTCString().split(' ');
    return `${DAYS[date.getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
  },
  'an asctime date': (date: Date) => {
    const [weekday = '', , month, year, time] = date.toUTCString().split(' ');
    return `${weekday.slice(0, 3)} ${month} ${`${date.getUTCDate()}`.padStart(2)} ${time} ${year}`;
  },
};

describe('parseRetryAfter', () => {
  test('spells dates as RFC 9110 does', () => {
    const date = new Date('1994-11-06T08:49:37Z');
    expect(Object.values(FORMS).map((write) => write(date))).toEqual([
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]);
  });

  test.each(Object.entries(FORMS))('gives the time until %s: 0 when it is past, at most one hour', (_, write) => {
    const start = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2049, 10, 30) });
    const seconds = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(start, fc.oneof(seconds, fc.integer({ min: -2, max: 3_602 })), (now, apart) => {
        const date = new Date((Math.floor(now / 1_000) + apart) * 1_000);
        const expected = Math.min(3_600_000, Math.max(0, date.getTime() - now));
        expect(parseRetryAfter(write(date), now)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('understands whole seconds up to one hour, and takes more as one hour', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(4_000), fc.nat()), (seconds) => {
        expect(parseRetryAfter(`${seconds}`, NOW)).toBe(Math.min(3_600_000, seconds * 1_000));
      }),
    );
  });

  test.each([
    ['0', 0],
    ['120', 120_000],
    ['0.5', 500],
    ['1.0001', 1_001],
    ['0.0000001', 1],
    ['007', 7_000],
    [' 5\t', 5_000],
    ['3599.9999', 3_600_000],
    ['3600', RETRY_AFTER_CAP_MS],
    ['3601', RETRY_AFTER_CAP_MS],
    ['9'.repeat(400), RETRY_AFTER_CAP_MS],
  ])('reads %j as %i ms', (text, ms) => {
    expect(parseRetryAfter(text, NOW)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    'soon',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '1.',
    '.5',
    '1,5',
    '1 2',
    '1s',
    'NaN',
    'Infinity',
    '２',
    '2026-11-22',
    '2026-11-22T10:00:01Z',
    'Sun, 22 Nov 2026 10:00:01',
    'Sun, 22 Nov 2026 10:00:01 UTC',
    'Sun, 22 Nov 2026 10:00:01 GMT+1',
    'Sun, 22 Nov 2026 25:00:01 GMT',
    'Sun, 22 Foo 2026 10:00:01 GMT',
    'Sun, 00 Nov 2026 10:00:01 GMT',
    'Sun, 2 Nov 2026 10:00:01 GMT',
    'Foo, 22 Nov 2026 10:00:01 GMT',
    'sun, 22 nov 2026 10:00:01 gmt',
    'Sunday, 22-Nov-2026 10:00:01 GMT',
    'Sun Nov 22 10:00:01 2026 GMT',
    'Sun Foo 22 10:00:01 2026',
  ])('does not understand %j', (text) => {
    expect(parseRetryAfter(text, NOW)).toBeUndefined();
  });

  test('answers any text with undefined or a whole number from 0 to one hour, and never throws', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^\s?[\d.]{1,30}$/),
      fc.stringMatching(/^[SMTWF][a-z]{2}, \d{2} [JFMASOND][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/),
      fc.stringMatching(/^(Mon|Fri|Sun), \d{2} (Jan|Feb|Nov) \d{4} \d{2}:\d{2}:\d{2} GMT$/),
      fc.stringMatching(/^(Mon|Fri|Sun)day, \d{2}-(Jan|Feb|Nov)-\d{2} \d{2}:\d{2}:\d{2} GMT$/),
      fc.stringMatching(/^(Mon|Fri|Sun) (Jan|Feb|Nov) [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: Date.UTC(9999, 0, 1) }), (any, now) => {
        const ms = parseRetryAfter(any, now) ?? 0;
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(3_600_000);
      }),
      { numRuns: 3_000 },
    );
  });
});
