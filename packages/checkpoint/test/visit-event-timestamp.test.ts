import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTimestamp, readTimestamp } from '../src/datasets/iso-timestamp.ts';

const SYNTAX = expect.stringContaining('ISO 8601');
const TOO_FINE = expect.stringContaining('microsecond');
const OUT_OF_RANGE = expect.stringContaining('1684');
const NOON = Date.UTC(2024, 1, 29, 12) * 1_000;

/** Every microsecond that a column can say. */
const micros = fc.oneof(
  fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, -1, 999_999, -1_000_000, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
);

describe('a timestamp', () => {
  test.each([
    ['in UTC', '2024-02-29T12:00:00Z', NOON],
    ['without an offset', '2024-02-29T12:00:00', NOON],
    ['in small letters', '2024-02-29t12:00:00z', NOON],
    ['with a space', '2024-02-29 12:00:00', NOON],
    ['with an offset of nothing', '2024-02-29T12:00:00+00:00', NOON],
    ['with an offset of less than nothing', '2024-02-29T12:00:00-00:00', NOON],
    ['east of UTC, on another day', '2024-03-01T00:30:00+12:30', NOON],
    ['west of UTC', '2024-02-29T06:45:00-05:15', NOON],
    ['with an offset without a colon', '2024-02-29T17:30:00+0530', NOON],
    ['with an offset of hours', '2024-02-29T17:00:00+05', NOON],
    ['with a digit of fraction', '2024-02-29T12:00:00.5Z', NOON + 500_000],
    ['with a comma', '2024-02-29T12:00:00,25Z', NOON + 250_000],
    ['with six digits', '2024-02-29T12:00:00.370502+00:00', NOON + 370_502],
    ['with nine digits that say microseconds', '2024-02-29T12:00:00.000001000', NOON + 1],
    ['before 1970', '1969-12-31T23:59:59.999999Z', -1],
    ['the last of the column', '2255-06-05T23:47:34.740991Z', Number.MAX_SAFE_INTEGER],
    ['the first of the column', '1684-07-28T00:12:25.259009Z', Number.MIN_SAFE_INTEGER],
  ])('is read %s', (_, text, expected) => {
    expect(readTimestamp(text)).toBe(expected);
  });

  test.each([
    ['a day alone', '2024-02-29', SYNTAX],
    ['nothing', '', SYNTAX],
    ['no seconds', '2024-02-29T12:00Z', SYNTAX],
    ['a day that is not', '2023-02-29T12:00:00Z', SYNTAX],
    ['the 29th of February 1900', '1900-02-29T12:00:00Z', SYNTAX],
    ['the 31st of April', '2024-04-31T12:00:00Z', SYNTAX],
    ['a day 0', '2024-04-00T12:00:00Z', SYNTAX],
    ['a month 0', '2024-00-10T12:00:00Z', SYNTAX],
    ['a month 13', '2024-13-10T12:00:00Z', SYNTAX],
    ['an hour 24', '2024-02-29T24:00:00Z', SYNTAX],
    ['a minute 60', '2024-02-29T12:60:00Z', SYNTAX],
    ['a leap second', '2016-12-31T23:59:60Z', SYNTAX],
    ['an offset of 24 hours', '2024-02-29T12:00:00+24:00', SYNTAX],
    ['an offset of 60 minutes', '2024-02-29T12:00:00+00:60', SYNTAX],
    ['half an offset', '2024-02-29T12:00:00+053', SYNTAX],
    ['an offset with a colon too many', '2024-02-29T12:00:00+05:', SYNTAX],
    ['an offset of one digit', '2024-02-29T12:00:00+5', SYNTAX],
    ['an offset of three parts', '2024-02-29T12:00:00+05:30:00', SYNTAX],
    ['text behind it', '2024-02-29T12:00:00Zz', SYNTAX],
    ['a point without digits', '2024-02-29T12:00:00.Z', SYNTAX],
    ['ten digits', '2024-02-29T12:00:00.0000000000Z', SYNTAX],
    ['a tenth of a microsecond', '2024-02-29T12:00:00.0000001Z', TOO_FINE],
    ['a nanosecond', '2024-02-29T12:00:00.123456001Z', TOO_FINE],
    ['the basic form', '20240229T120000Z', SYNTAX],
    ['a year of five digits', '+12024-02-29T12:00:00Z', SYNTAX],
    ['digits that are not of ASCII', '２024-02-29T12:00:00Z', SYNTAX],
    ['a microsecond behind the last', '2255-06-05T23:47:34.740992Z', OUT_OF_RANGE],
    ['a microsecond before the first', '1684-07-28T00:12:25.259008Z', OUT_OF_RANGE],
    ['the year 0000', '0000-01-01T00:00:00Z', OUT_OF_RANGE],
    ['the year 9999', '9999-12-31T23:59:59Z', OUT_OF_RANGE],
  ])('is refused: %s', (_, text, problem) => {
    expect(readTimestamp(text)).toEqual(problem);
  });

  test('is written in one way, and read again as the same microsecond', () => {
    fc.assert(
      fc.property(micros, (at) => {
        expect(formatTimestamp(at)).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
        expect(readTimestamp(formatTimestamp(at))).toBe(at);
      }),
      { numRuns: 1_000 },
    );
  });

  test('is the millisecond that the platform reads, with the rest behind it', () => {
    fc.assert(
      fc.property(micros, (at) => {
        const text = formatTimestamp(at);
        const rest = Number(text.slice(23, 26));
        expect(BigInt(Date.parse(`${text.slice(0, 23)}Z`)) * 1_000n + BigInt(rest)).toBe(BigInt(at));
      }),
      { numRuns: 1_000 },
    );
  });

  test('has exactly the days that the calendar has', () => {
    const two = (number: number): string => `${number}`.padStart(2, '0');
    fc.assert(
      fc.property(fc.integer({ min: 1_700, max: 2_200 }), fc.nat(14), fc.nat(33), (year, month, day) => {
        const date = `${year}-${two(month)}-${two(day)}`;
        const platform = new Date(`${date}T00:00:00Z`);
        const isDay = !Number.isNaN(platform.getTime()) && platform.toISOString().startsWith(date);
        expect(readTimestamp(`${date}T00:00:00Z`)).toEqual(isDay ? platform.getTime() * 1_000 : SYNTAX);
      }),
      { numRuns: 1_000 },
    );
  });

  test('is answered for any text', () => {
    const nearly = fc.stringMatching(/^2024-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d{0,10})?([Zz]|[+-]\d{1,2}:?\d{0,3})?$/);
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (text) => {
        const reading = readTimestamp(text);
        expect(typeof reading === 'number' ? Number.isSafeInteger(reading) : reading.startsWith('must')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
