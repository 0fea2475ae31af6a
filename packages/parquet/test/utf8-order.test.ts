import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareUtf8, lowerBound, upperBound } from '../src/write/utf8-order.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('a', '\u{7f}', '\u{7ff}', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'))
    .map((points) => points.join('')),
);

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('texts are in the order of the bytes of their UTF-8', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(byBytes(a, b));
    }),
  );
});

test('a lower bound is not behind its text, an upper bound not before it, and only the text itself is exact', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 12 }), (value, maxBytes) => {
      const low = lowerBound(value, maxBytes);
      const high = upperBound(value, maxBytes);
      expect(byBytes(low.text, value)).toBeLessThanOrEqual(0);
      expect(byBytes(high.text, value)).toBeGreaterThanOrEqual(0);
      for (const { text: bound, exact } of [low, high]) {
        expect(exact).toBe(bound === value);
        expect(bound.isWellFormed()).toBe(true);
        expect(exact || Buffer.byteLength(bound) <= maxBytes).toBe(true);
      }
    }),
  );
});

test('a text that no shorter one comes behind is its own upper bound', () => {
  const last = '\u{10ffff}'.repeat(5);
  expect(upperBound(last, 8)).toEqual({ text: last, exact: true });
});
