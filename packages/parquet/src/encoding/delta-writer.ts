/** DELTA_BINARY_PACKED: the first value, and differences in blocks of 128, each in as many bits as its largest needs. */

const BLOCK_VALUES = 128;
const MINIBLOCKS = 4;
const MINIBLOCK_VALUES = BLOCK_VALUES / MINIBLOCKS;
const MAX_WIDTH = 32;

/** @returns undefined when differences are too far apart for it: they need more than 32 bits */
export function encodeDelta(values: Float64Array, start: number, end: number): Uint8Array | undefined {
  const count = end - start;
  const blocks = Math.ceil(count / BLOCK_VALUES);
  const bytes = new Uint8Array(32 + blocks * (10 + MINIBLOCKS + (BLOCK_VALUES * MAX_WIDTH) / 8));
  let position = writeVarint(BLOCK_VALUES, bytes, 0);
  position = writeVarint(MINIBLOCKS, bytes, position);
  position = writeVarint(count, bytes, position);
  const first = zigzag(values[start] ?? 0);
  if (first === undefined) return undefined;
  position = writeVarint(first, bytes, position);
  const deltas = new Float64Array(BLOCK_VALUES);
  for (let from = start + 1; from < end; from += BLOCK_VALUES) {
    const size = Math.min(BLOCK_VALUES, end - from);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < size; index += 1) {
      const delta = (values[from + index] ?? 0) - (values[from + index - 1] ?? 0);
      deltas[index] = delta;
      min = Math.min(min, delta);
      max = Math.max(max, delta);
    }
    const encodedMin = zigzag(min);
    if (encodedMin === undefined || max - min >= 2 ** MAX_WIDTH) return undefined;
    position = writeVarint(encodedMin, bytes, position);
    position = writeBlock(deltas, size, min, bytes, position);
  }
  return bytes.subarray(0, position);
}

function writeBlock(deltas: Float64Array, size: number, min: number, bytes: Uint8Array, position: number): number {
  let to = position + MINIBLOCKS;
  for (let miniblock = 0; miniblock < MINIBLOCKS; miniblock += 1) {
    const start = miniblock * MINIBLOCK_VALUES;
    // Widths of miniblocks without values are there, the miniblocks are not.
    if (start >= size) {
      bytes[position + miniblock] = 0;
      continue;
    }
    const end = Math.min(size, start + MINIBLOCK_VALUES);
    const width = widthOf(deltas, start, end, min);
    bytes[position + miniblock] = width;
    to = packDeltas(deltas, start, end, min, width, bytes, to);
  }
  return to;
}

function widthOf(deltas: Float64Array, start: number, end: number, min: number): number {
  let max = 0;
  for (let index = start; index < end; index += 1) max = Math.max(max, (deltas[index] ?? 0) - min);
  return max === 0 ? 0 : MAX_WIDTH - Math.clz32(max);
}

/** Packs a miniblock, filled up with zeros. Up to 39 bits are in hand, which a double holds and an int32 does not. */
function packDeltas(
  deltas: Float64Array,
  start: number,
  end: number,
  min: number,
  width: number,
  bytes: Uint8Array,
  position: number,
): number {
  let to = position;
  let buffer = 0;
  let buffered = 0;
  for (let index = start; index < start + MINIBLOCK_VALUES; index += 1) {
    if (index < end) buffer += ((deltas[index] ?? 0) - min) * 2 ** buffered;
    buffered += width;
    while (buffered >= 8) {
      bytes[to] = buffer % 256;
      to += 1;
      buffer = Math.floor(buffer / 256);
      buffered -= 8;
    }
  }
  return to;
}

/** Undefined when it is not exact. */
function zigzag(value: number): number | undefined {
  const encoded = value < 0 ? -2 * value - 1 : 2 * value;
  return Number.isSafeInteger(encoded) ? encoded : undefined;
}

function writeVarint(value: number, bytes: Uint8Array, position: number): number {
  let to = position;
  let rest = value;
  while (rest >= 0x80) {
    bytes[to] = (rest % 128) | 0x80;
    to += 1;
    rest = Math.floor(rest / 128);
  }
  bytes[to] = rest;
  return to + 1;
}
