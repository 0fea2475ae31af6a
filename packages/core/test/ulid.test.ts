import { describe, expect, test } from '@jest/globals';
import { attemptBatchKey, attemptDayPrefix, ULID_RANDOM_BYTES, ulid } from '@millrace/core';
import fc from 'fast-check';

const randoms = fc.uint8Array({ minLength: ULID_RANDOM_BYTES, maxLength: ULID_RANDOM_BYTES });
const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('a ULID', () => {
  test('is that of the specification', () => {
    expect(ulid(1_469_918_176_385, new Uint8Array(10))).toBe('01ARYZ6S410000000000000000');
    expect(ulid(2 ** 48 - 1, new Uint8Array(10).fill(255))).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ');
  });

  test('sorts by time, then by randomness, and is another for each', () =>
    fc.assert(
      fc.property(times, randoms, times, randoms, (time, random, otherTime, otherRandom) => {
        const [one, other] = [ulid(time, random), ulid(otherTime, otherRandom)];
        const order = Math.sign(time - otherTime) || Buffer.compare(random, otherRandom);
        expect(one).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
        expect(Math.sign(one < other ? -1 : one > other ? 1 : 0)).toBe(order);
      }),
    ));
});

describe('the key of a batch of attempts', () => {
  test('names day, hour and millisecond in UTC', () => {
    const key = attemptBatchKey(Date.UTC(2026, 10, 22, 9, 59, 59, 999), new Uint8Array(10));
    expect(key).toBe('attempts/dt=2026-11-22/09/1795341599999-01M81B5H7Z0000000000000000.ndjson.gz');
  });

  test('sorts by time, and below its day', () =>
    fc.assert(
      fc.property(
        fc.tuple(
          fc.date({ min: new Date('2001-09-09T02:00Z'), max: new Date('2200-01-01'), noInvalidDate: true }),
          randoms,
        ),
        fc.tuple(
          fc.date({ min: new Date('2001-09-09T02:00Z'), max: new Date('2200-01-01'), noInvalidDate: true }),
          randoms,
        ),
        ([first, random], [second, otherRandom]) => {
          const [key, other] = [
            attemptBatchKey(first.getTime(), random),
            attemptBatchKey(second.getTime(), otherRandom),
          ];
          if (first.getTime() !== second.getTime()) expect(key < other).toBe(first < second);
          expect(key.startsWith(attemptDayPrefix(first.getTime()))).toBe(true);
          expect(key < attemptDayPrefix(first.getTime() + 86_400_000)).toBe(true);
        },
      ),
    ));
});
