import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeDelta, decodeDeltaLengths, decodeDeltaTexts } from '../src/encoding/delta-reader.ts';
import { encodeDelta } from '../src/encoding/delta-writer.ts';
import { CorruptParquetError, UnsupportedParquetError } from '../src/errors.ts';

/** Values in steps that fit, with some that do not. */
const values = fc
  .tuple(
    fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer(), fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 40)), {
      maxLength: 300,
    }),
  )
  .map(([first, steps]) => {
    let value = first;
    return Float64Array.from([
      first,
      ...steps.map((step) => {
        value += step;
        return value;
      }),
    ]);
  });

test('any values that can be written as differences come back, and no byte is left over', () => {
  let written = 0;
  fc.assert(
    fc.property(values, (original) => {
      const bytes = encodeDelta(original, 0, original.length);
      if (bytes === undefined) return;
      written += 1;
      const decoded = new Float64Array(original.length);
      expect(decodeDelta(bytes, 0, decoded, 0, original.length)).toBe(bytes.length);
      expect(decoded).toEqual(original);
    }),
  );
  expect(written).toBeGreaterThan(20);
});

test('values too far apart for differences are refused, also where doubles are no longer exact', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (first, second) => {
      const bytes = encodeDelta(Float64Array.of(first, second), 0, 2);
      if (bytes === undefined) return;
      const decoded = new Float64Array(2);
      decodeDelta(bytes, 0, decoded, 0, 2);
      expect([...decoded]).toEqual([first, second].map((value) => value + 0));
    }),
  );
  expect(encodeDelta(Float64Array.of(0, 5, 2 ** 33), 0, 3)).toBeUndefined();
});

test.each([
  ['differences', (bytes: Uint8Array, count: number) => decodeDelta(bytes, 0, new Float64Array(count), 0, count)],
  ['lengths', (bytes: Uint8Array, count: number) => decodeDeltaLengths(bytes, 0, count, () => undefined)],
  ['prefixes', (bytes: Uint8Array, count: number) => decodeDeltaTexts(bytes, 0, count, () => undefined)],
])('any bytes are %s, or are refused', (_, decode) => {
  // The header tells of as many values as are asked for, so that there is something to read.
  const header = fc.integer({ min: 1, max: 20 }).map((count) => ({ count, bytes: [128, 1, 4, count, 2] }));
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 100 }), ({ count, bytes }, more) => {
      try {
        expect(decode(Uint8Array.from([...bytes, ...more]), count)).toBeGreaterThan(0);
      } catch (error) {
        expect([CorruptParquetError, UnsupportedParquetError]).toContain((error as Error).constructor);
      }
    }),
  );
});
