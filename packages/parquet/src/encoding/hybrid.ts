/**
 * The hybrid of run lengths and bit-packing: small whole numbers, which are levels and places in a dictionary.
 *
 * Runs follow one another, each with a varint header: `count << 1` and the one value, or `groups << 1 | 1` and groups of
 * eight values, packed from the lowest bit on.
 */

import { CorruptParquetError } from '../errors.ts';

type Numbers = Int32Array | Uint8Array;

/** More would not fit in the 32 bits that packing works with. It is a dictionary of 16 million. */
const MAX_WIDTH = 24;

/** Bits of the numbers from 0 to `count - 1`. */
export function bitWidth(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

/** An upper bound of the bytes that `encodeHybrid` writes. */
export function hybridBound(count: number, width: number): number {
  return 10 + Math.ceil(count / 8) * width;
}

/**
 * Writes `values[start, end)` into `bytes` from `position`: as one run when they are all the same, else packed. Padding
 * is zero, because Polars takes it for values and refuses those that are out of range.
 *
 * @returns the position behind what was written
 */
export function encodeHybrid(
  values: Numbers,
  start: number,
  end: number,
  width: number,
  bytes: Uint8Array,
  position: number,
): number {
  if (start === end) return position;
  if (isConstant(values, start, end)) return writeRun(values[start] ?? 0, end - start, width, bytes, position);
  const groups = Math.ceil((end - start) / 8);
  const from = writeVarint((groups << 1) | 1, bytes, position);
  const packedEnd = packBits(values, start, end, width, bytes, from);
  const paddedEnd = from + groups * width;
  bytes.fill(0, packedEnd, paddedEnd);
  return paddedEnd;
}

function isConstant(values: Numbers, start: number, end: number): boolean {
  const first = values[start];
  for (let index = start + 1; index < end; index += 1) if (values[index] !== first) return false;
  return true;
}

function writeRun(value: number, count: number, width: number, bytes: Uint8Array, position: number): number {
  let to = writeVarint(count << 1, bytes, position);
  for (let bits = 0; bits < width; bits += 8) {
    bytes[to] = value >>> bits;
    to += 1;
  }
  return to;
}

function writeVarint(value: number, bytes: Uint8Array, position: number): number {
  let to = position;
  let rest = value;
  while (rest >= 0x80) {
    bytes[to] = (rest & 0x7f) | 0x80;
    to += 1;
    rest >>>= 7;
  }
  bytes[to] = rest;
  return to + 1;
}

function packBits(
  values: Numbers,
  start: number,
  end: number,
  width: number,
  bytes: Uint8Array,
  position: number,
): number {
  let to = position;
  let buffer = 0;
  let buffered = 0;
  for (let index = start; index < end; index += 1) {
    buffer |= (values[index] ?? 0) << buffered;
    buffered += width;
    while (buffered >= 8) {
      bytes[to] = buffer;
      to += 1;
      buffer >>>= 8;
      buffered -= 8;
    }
  }
  if (buffered > 0) {
    bytes[to] = buffer;
    to += 1;
  }
  return to;
}

/**
 * Reads `count` numbers of `bytes[position, end)` into `values`, from `start`.
 *
 * @returns the position behind the last run that was read
 * @throws CorruptParquetError
 */
export function decodeHybrid(
  bytes: Uint8Array,
  position: number,
  end: number,
  width: number,
  values: Numbers,
  start: number,
  count: number,
): number {
  if (width > MAX_WIDTH) throw new CorruptParquetError(`numbers of ${width} bits in a page`);
  const stop = start + count;
  let from = position;
  let to = start;
  while (to < stop) {
    const header = readVarint(bytes, from, end);
    from = header.position;
    if (header.value % 2 === 1) {
      const packed = ((header.value - 1) / 2) * width;
      const needed = Math.min(stop - to, (header.value - 1) * 4);
      // Some writers leave out the padding of the last group.
      if (from + Math.ceil((needed * width) / 8) > end) throw new CorruptParquetError('a page ends within its numbers');
      unpackBits(bytes, from, width, values, to, to + needed);
      from = Math.min(from + packed, end);
      to += needed;
    } else {
      const needed = Math.min(stop - to, header.value / 2);
      const size = Math.ceil(width / 8);
      if (from + size > end) throw new CorruptParquetError('a page ends within its numbers');
      const value = readRunValue(bytes, from, size);
      if (value >= 2 ** width) throw new CorruptParquetError(`a number of more than ${width} bits in a page`);
      values.fill(value, to, to + needed);
      from += size;
      to += needed;
    }
  }
  return from;
}

function readVarint(bytes: Uint8Array, position: number, end: number): { value: number; position: number } {
  let value = 0;
  let scale = 1;
  for (let from = position; from < end && from < position + 5; from += 1) {
    const next = bytes[from] ?? 0;
    value += (next & 0x7f) * scale;
    if (next < 0x80) return { value, position: from + 1 };
    scale *= 128;
  }
  throw new CorruptParquetError('a page ends within its numbers');
}

function readRunValue(bytes: Uint8Array, position: number, size: number): number {
  let value = 0;
  for (let index = 0; index < size; index += 1) value |= (bytes[position + index] ?? 0) << (8 * index);
  return value;
}

function unpackBits(
  bytes: Uint8Array,
  position: number,
  width: number,
  values: Numbers,
  start: number,
  end: number,
): void {
  const mask = (1 << width) - 1;
  let from = position;
  let buffer = 0;
  let buffered = 0;
  for (let to = start; to < end; to += 1) {
    while (buffered < width) {
      buffer |= (bytes[from] ?? 0) << buffered;
      from += 1;
      buffered += 8;
    }
    values[to] = buffer & mask;
    buffer >>>= width;
    buffered -= width;
  }
}
