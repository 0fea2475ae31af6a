import { describe, expect, test } from '@jest/globals';
import { parseInstant } from '@millrace/core';
import fc from 'fast-check';

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const FIRST_SECOND = Date.UTC(2000, 0, 1) / 1_000 - 730_485 * 86_400; // 0000-01-01, 730,485 days before 2000-01-01
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59) / 1_000;

/** One of the many ways to write an instant. */
interface Spelling {
  readonly offsetMinutes: number;
  readonly trailingZeros: number;
  readonly separator: 'T' | 't';
  readonly zulu: 'Z' | 'z' | '+00:00' | '-00:00';
}

const instant = fc
  .record({
    second: fc.integer({ min: FIRST_SECOND, max: LAST_SECOND }),
    ns: fc.oneof(fc.nat(999_999_999), fc.constantFrom(0, 1, 10, 100_000_000, 120_000_000, 999_999_999)),
  })
  .map(({ second, ns }) => BigInt(second) * NS_PER_SECOND + BigInt(ns));

const spelling: fc.Arbitrary<Spelling> = fc.record({
  offsetMinutes: fc.oneof(fc.integer({ min: -1_439, max: 1_439 }), fc.constantFrom(0, 90, -1_439, 1_439)),
  trailingZeros: fc.nat(9),
  separator: fc.constantFrom('T', 't'),
  zulu: fc.constantFrom('Z', 'z', '+00:00', '-00:00'),
});

/** Writes nanoseconds since 1970 in a given spelling; in UTC when the local year would have five digits or a sign. */
function write(instantNs: bigint, { offsetMinutes, trailingZeros, separator, zulu }: Spelling): string {
  const ns = ((instantNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = Number((instantNs - ns) / NS_PER_SECOND);
  const local = new Date((seconds + offsetMinutes * 60) * 1_000).toISOString();
  if (local.length !== 24) return write(instantNs, { offsetMinutes: 0, trailingZeros, separator, zulu });

  const significant = `${ns}`.padStart(9, '0').replace(/0+$/, '');
  const digits = (significant + '0'.repeat(trailingZeros)).slice(0, 9);
  const fraction = digits === '' ? '' : `.${digits}`;
  return local.slice(0, 19).replace('T', separator) + fraction + (offsetMinutes === 0 ? zulu : offset(offsetMinutes));
}

function offset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${`${hours}`.padStart(2, '0')}:${`${rest}`.padStart(2, '0')}`;
}

const CANONICAL: Spelling = { offsetMinutes: 0, trailingZeros: 0, separator: 'T', zulu: 'Z' };

describe('parseInstant', () => {
  test('brings every spelling of an instant to one text', () => {
    expect(parseInstant('2026-11-22T11:30:00.1200+01:30')?.text).toBe('2026-11-22T10:00:00.12Z');
    fc.assert(
      fc.property(instant, spelling, (at, how) => {
        expect(parseInstant(write(at, how))?.text).toBe(write(at, CANONICAL));
      }),
      { numRuns: 1_000 },
    );
  });

  test('gives the millisecond that an instant is in, before 1970 too', () => {
    expect(parseInstant('1969-12-31T23:59:59.9999Z')?.epochMs).toBe(-1);
    fc.assert(
      fc.property(instant, spelling, (at, how) => {
        const msNs = ((at % NS_PER_MS) + NS_PER_MS) % NS_PER_MS;
        expect(parseInstant(write(at, how))?.epochMs).toBe(Number((at - msNs) / NS_PER_MS));
      }),
      { numRuns: 1_000 },
    );
  });

  test('leaves its own text as it is', () => {
    fc.assert(
      fc.property(instant, spelling, (at, how) => {
        const once = parseInstant(write(at, how));
        expect(parseInstant(once?.text ?? '')).toEqual(once);
      }),
      { numRuns: 1_000 },
    );
  });

  test('gives two instants two texts, even one nanosecond apart', () => {
    const distance = fc.oneof(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 100_000n * NS_PER_SECOND));
    fc.assert(
      fc.property(instant, distance, spelling, spelling, (later, apart, how, other) => {
        const earlier = later - apart;
        fc.pre(earlier >= BigInt(FIRST_SECOND) * NS_PER_SECOND);
        const texts = [parseInstant(write(later, how))?.text, parseInstant(write(earlier, other))?.text];
        expect(texts).not.toContain(undefined);
        expect(texts[0]).not.toBe(texts[1]);
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes exactly the days that exist', () => {
    const number = (max: number) => fc.oneof(fc.nat(max), fc.constantFrom(0, 1, 2, 12, 28, 29, 30, 31));
    const year = fc.oneof(fc.nat(9_999), fc.constantFrom(0, 4, 1900, 2000, 2023, 2024, 2100, 9999));
    fc.assert(
      fc.property(year, number(14), number(33), (y, month, day) => {
        const text = [`${y}`.padStart(4, '0'), `${month}`.padStart(2, '0'), `${day}`.padStart(2, '0')].join('-');
        const exists = day >= 1 && day <= daysIn(y, month);
        expect(parseInstant(`${text}T12:00:00Z`)?.text).toBe(exists ? `${text}T12:00:00Z` : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(['0000-01-01T00:00:00Z', '0000-02-29T00:00:00Z', '9999-12-31T23:59:59.999999999Z'])('takes %s', (text) => {
    expect(parseInstant(text)?.text).toBe(text);
  });

  test.each([
    ['a day that the month does not have', '2026-11-31T10:00:00Z'],
    ['29 February of a common year', '1900-02-29T10:00:00Z'],
    ['a day 0', '2026-11-00T10:00:00Z'],
    ['a month 13', '2026-13-01T10:00:00Z'],
    ['a month 0', '2026-00-01T10:00:00Z'],
    ['an hour 24', '2026-11-22T24:00:00Z'],
    ['a minute 60', '2026-11-22T10:60:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['more than nine digits of fraction', '2026-11-22T10:00:00.0000000000Z'],
    ['a point without a fraction', '2026-11-22T10:00:00.Z'],
    ['a fraction after a comma', '2026-11-22T10:00:00,5Z'],
    ['no offset', '2026-11-22T10:00:00'],
    ['an offset of 24 hours', '2026-11-22T10:00:00+24:00'],
    ['an offset of 60 minutes', '2026-11-22T10:00:00-01:60'],
    ['an offset without minutes', '2026-11-22T10:00:00+01'],
    ['an offset without a colon', '2026-11-22T10:00:00+0130'],
    ['an instant before the year 0000', '0000-01-01T00:00:59+00:01'],
    ['an instant after the year 9999', '9999-12-31T23:59:00-00:01'],
    ['a year of five digits', '12026-11-22T10:00:00Z'],
    ['a year with a sign', '+002026-11-22T10:00:00Z'],
    ['no seconds', '2026-11-22T10:00Z'],
    ['no time', '2026-11-22'],
    ['a space for T', '2026-11-22 10:00:00Z'],
    ['white space before it', ' 2026-11-22T10:00:00Z'],
    ['a line break after it', '2026-11-22T10:00:00Z\n'],
    ['digits that are not ASCII', '２026-11-22T10:00:00Z'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  test('answers any text with undefined or a canonical instant, and never throws', () => {
    const nearly = fc.stringMatching(
      /^\d{4}-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{0,10})?([Zz]|[+-][0-2]\d:[0-6]\d)?$/,
    );
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (text) => {
        const canonical = parseInstant(text)?.text ?? '2026-11-22T10:00:00Z';
        expect(canonical).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{0,8}[1-9])?Z$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [0, 31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] ?? 0;
}
