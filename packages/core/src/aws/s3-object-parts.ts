/** How objects are cut into parts. */

import { type CopiedRange, MOST_PARTS } from './s3-multipart.ts';

const MIB = 1_024 * 1_024;
const FIRST_PART_BYTES = 8 * MIB;
/** So many parts have the same size; those that follow have twice as much. */
const PARTS_OF_A_SIZE = MOST_PARTS / 10;

/** The size of a part of an object whose size is not known: 10,000 such parts hold 8 TiB. */
export function partBytes(number: number): number {
  return FIRST_PART_BYTES * 2 ** Math.floor((number - 1) / PARTS_OF_A_SIZE);
}

/**
 * Chunks put together to parts, of which only the last is smaller than `sizeOf` its number. There is one at least.
 *
 * @param chunks each may be used for something else once the next one is asked for
 */
export async function* gatherParts(
  chunks: AsyncIterable<Uint8Array>,
  sizeOf = partBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  let number = 1;
  let part = Buffer.allocUnsafeSlow(sizeOf(number));
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length; ) {
      if (filled === part.length) {
        yield part;
        number += 1;
        part = Buffer.allocUnsafeSlow(sizeOf(number));
        filled = 0;
      }
      const more = chunk.subarray(taken, taken + part.length - filled);
      part.set(more, filled);
      filled += more.length;
      taken += more.length;
    }
  }
  yield part.subarray(0, filled);
}

/** Parts for a copy that is to be done in some seconds. */
const COPY_BYTES = 512 * MIB;

/** The first `keep` bytes of an object as parts of much the same size. */
export function copiedRanges(etag: string, keep: number, copyBytes = COPY_BYTES): readonly CopiedRange[] {
  // Some parts are left for what follows.
  const count = Math.min(Math.ceil(keep / copyBytes), MOST_PARTS / 2);
  const borders = Array.from({ length: count + 1 }, (_, index) => Math.round((keep * index) / count));
  return borders.slice(1).map((end, index) => ({ etag, start: borders[index] ?? 0, end }));
}

/** Bytes that are at hand, as parts of which only the last is smaller than the others. */
export function cutParts(bytes: Uint8Array, size = FIRST_PART_BYTES * 8): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}
