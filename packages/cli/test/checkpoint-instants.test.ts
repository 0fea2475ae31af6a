import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { instantOfMs, instantText, toMicroseconds } from '../src/checkpoint/instants.ts';

test('an instant is told to the microsecond', () => {
  expect(instantText(0)).toBe('1970-01-01T00:00:00.000000Z');
  expect(instantText(-1)).toBe('1969-12-31T23:59:59.999999Z');
  expect(instantOfMs(1_795_341_600_123)).toBe('2026-11-22T10:00:00.123000Z');
});

test('an instant with an offset is read, and digits beyond the microsecond are dropped', () => {
  expect(instantText(toMicroseconds('2026-11-22T12:30:00.1234569+02:30'))).toBe('2026-11-22T10:00:00.123456Z');
});

test('any instant that is told is read as the same', () => {
  const instants = fc.integer({ min: Date.UTC(1900, 0) * 1_000, max: Date.UTC(9999, 0) * 1_000 });
  fc.assert(
    fc.property(instants, (microseconds) => {
      expect(toMicroseconds(instantText(microseconds))).toBe(microseconds);
    }),
  );
});
