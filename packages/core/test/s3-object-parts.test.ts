import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copiedRanges, cutParts, gatherParts, partBytes } from '../src/aws/s3-object-parts.ts';

const MIB = 1_024 * 1_024;
const GIB = 1_024 * MIB;
const RUNS = 300;

describe('the parts of an object whose size is not known', () => {
  test('are as S3 takes them: 5 MiB to 5 GiB each, and 10,000 hold the largest object', () => {
    const sizes = Array.from({ length: 10_000 }, (_, index) => partBytes(index + 1));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5 * MIB);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5 * GIB);
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThanOrEqual(5 * 1_024 * GIB);
  });

  test('take little memory for objects that are not huge', () => {
    expect(partBytes(1_000)).toBe(8 * MIB);
    expect(partBytes(1_001)).toBe(16 * MIB);
  });

  test('hold the bytes of any chunks in their order, and all but the last are full', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        async (chunks, size) => {
          const sizeOf = (number: number): number => size + number;
          const reused = Buffer.alloc(30);
          async function* reusing(): AsyncGenerator<Uint8Array> {
            for (const chunk of chunks) {
              await Promise.resolve();
              reused.set(chunk);
              yield reused.subarray(0, chunk.length);
            }
          }
          const parts: Uint8Array[] = [];
          for await (const part of gatherParts(reusing(), sizeOf)) parts.push(part);
          expect(Buffer.concat(parts)).toEqual(Buffer.concat(chunks));
          const expected = parts.slice(0, -1).map((_, index) => sizeOf(index + 1));
          expect(parts.slice(0, -1).map(({ length }) => length)).toEqual(expected);
          expect(parts.at(-1)?.length).toBeLessThanOrEqual(sizeOf(parts.length));
          // An empty object has a part; no other object has an empty one.
          expect(parts.length === 1 || (parts.at(-1)?.length ?? 0) > 0).toBe(true);
        },
      ),
      { numRuns: RUNS },
    ));
});

describe('ranges to copy', () => {
  test('of any object up to 5 TiB are all of it in order, each as large as S3 copies at once', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 5 * MIB + 1, max: 5 * 1_024 * GIB }),
        fc.integer({ min: 10 * MIB, max: 5 * GIB }),
        (keep, copyBytes) => {
          const ranges = copiedRanges('"x"', keep, copyBytes);
          expect(ranges.at(-1)?.end).toBe(keep);
          // Not toEqual: there can be thousands.
          expect(ranges.findIndex(({ start }, index) => start !== (ranges[index - 1]?.end ?? 0))).toBe(-1);
          const sizes = ranges.map(({ start, end }) => end - start);
          expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5 * MIB);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.max(copyBytes, Math.ceil(keep / 5_000)));
          expect(Math.max(...sizes)).toBeLessThanOrEqual(5 * GIB);
        },
      ),
      { numRuns: RUNS },
    ));

  test('are one for an object of up to 512 MiB', () => {
    expect(copiedRanges('"x"', 512 * MIB)).toEqual([{ etag: '"x"', start: 0, end: 512 * MIB }]);
    expect(copiedRanges('"x"', 512 * MIB + 1)).toHaveLength(2);
  });
});

test('bytes at hand are cut into parts of which only the last is smaller; no bytes are no part', () => {
  const bytes = Buffer.from('abcdefgh');
  expect(cutParts(bytes, 3).map(String)).toEqual(
    [bytes.subarray(0, 3), bytes.subarray(3, 6), bytes.subarray(6)].map(String),
  );
  expect(cutParts(bytes, 8)).toHaveLength(1);
  expect(cutParts(new Uint8Array())).toEqual([]);
});
