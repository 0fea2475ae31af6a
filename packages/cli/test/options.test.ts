import { describe, expect, test } from '@jest/globals';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { parseTime } from '../src/options.ts';
import { formatTime } from '../src/term/format.ts';

const NOW = Date.UTC(2026, 10, 22, 10);

describe('times as people give them', () => {
  test.each([
    ['30s', '2026-11-22T09:59:30.000Z'],
    ['30m', '2026-11-22T09:30:00.000Z'],
    ['2h', '2026-11-22T08:00:00.000Z'],
    ['7d', '2026-11-15T10:00:00.000Z'],
    ['2026-11-22T10:00:00.1234567+01:00', '2026-11-22T09:00:00.1234567Z'],
    ['2026-11-22t10:00:00z', '2026-11-22T10:00:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(parseTime(text, NOW)).toBe(expected);
  });

  test('a time as tables print it is read back as the same second', () => {
    const seconds = fc.integer({ min: 86_400, max: Date.UTC(2100, 0) / 1_000 });
    // In an hour that a clock is put back by, a local time means two moments.
    const isUnique = (ms: number) =>
      [-1, 1].every((hours) => {
        const other = ms + hours * 3_600_000;
        return formatTime(new Date(other).toISOString()) !== formatTime(new Date(ms).toISOString());
      });
    fc.assert(
      fc.property(seconds.map((value) => value * 1_000).filter(isUnique), (ms) => {
        expect(Date.parse(parseTime(formatTime(new Date(ms).toISOString()), NOW))).toBe(ms);
      }),
    );
  });

  test('a day is its first moment, here', () => {
    expect(Date.parse(parseTime('2026-11-22', NOW))).toBe(new Date(2026, 10, 22).getTime());
    expect(Date.parse(parseTime('2026-11-22 10:30', NOW))).toBe(new Date(2026, 10, 22, 10, 30).getTime());
  });

  test.each([
    '',
    'x',
    '2h ago',
    '-2h',
    '2w',
    '2026-02-29',
    '2026-11-22T25:00',
    '2026-11-22T10:00:00+25:00',
    '999999999d',
  ])('%j is none', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(InvalidArgumentError);
  });
});
