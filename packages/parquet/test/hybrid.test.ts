import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bitWidth, decodeHybrid, encodeHybrid, hybridBound } from '../src/encoding/hybrid.ts';
import { CorruptParquetError } from '../src/errors.ts';

const numbers = fc.integer({ min: 0, max: 20 }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    values: fc.oneof(
      fc.array(fc.integer({ min: 0, max: 2 ** width - 1 }), { maxLength: 100 }),
      // A run.
      fc
        .tuple(fc.integer({ min: 0, max: 2 ** width - 1 }), fc.nat(100))
        .map(([value, count]) => Array(count).fill(value)),
    ),
  }),
);

function encode(values: readonly number[], width: number): Uint8Array {
  const bytes = new Uint8Array(hybridBound(values.length, width)).fill(0xff);
  return bytes.subarray(0, encodeHybrid(Int32Array.from(values), 0, values.length, width, bytes, 0));
}

test('any small numbers come back as they were, and no byte is left over', () => {
  fc.assert(
    fc.property(numbers, ({ values, width }) => {
      const bytes = encode(values, width);
      const decoded = new Int32Array(values.length);
      expect(decodeHybrid(bytes, 0, bytes.length, width, decoded, 0, values.length)).toBe(bytes.length);
      expect([...decoded]).toEqual(values);
    }),
  );
});

test('the values that fill up the last group of eight are zero', () => {
  fc.assert(
    fc.property(numbers, ({ values, width }) => {
      const isPacked = new Set(values).size > 1;
      if (!isPacked) return;
      const bytes = encode(values, width);
      const padded = new Int32Array(8 * Math.ceil(values.length / 8));
      decodeHybrid(bytes, 0, bytes.length, width, padded, 0, padded.length);
      expect([...padded.subarray(values.length)].filter((value) => value !== 0)).toEqual([]);
    }),
  );
});

test('any bytes are numbers of the width, or are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(32), fc.nat(60), (bytes, width, count) => {
      const values = new Int32Array(count);
      try {
        expect(decodeHybrid(bytes, 0, bytes.length, width, values, 0, count)).toBeLessThanOrEqual(bytes.length);
        expect(values.filter((value) => value < 0 || value >= 2 ** width)).toHaveLength(0);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptParquetError);
      }
    }),
  );
});

test('numbers up to one less than the count fit in the width of the count', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (count) => {
      const width = bitWidth(count);
      expect(2 ** width).toBeGreaterThanOrEqual(count);
      expect(width === 0 || 2 ** (width - 1) < count).toBe(true);
    }),
  );
});
