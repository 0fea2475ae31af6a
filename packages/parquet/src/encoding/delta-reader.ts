/** Whole numbers, and texts, as differences from those before them: DELTA_BINARY_PACKED and what is made of it. */

import { CorruptParquetError, UnsupportedParquetError } from '../errors.ts';
import { decodeText } from './plain.ts';

/** Of a difference: with a byte in hand it is still exact as a double. */
const MAX_WIDTH = 45;

/**
 * Reads `count` values into `values`, from `start`.
 *
 * @returns the position behind them
 * @throws CorruptParquetError
 * @throws UnsupportedParquetError for differences of more than 45 bits
 */
export function decodeDelta(
  bytes: Uint8Array,
  position: number,
  values: Float64Array,
  start: number,
  count: number,
): number {
  const cursor = { position };
  const blockValues = readVarint(bytes, cursor);
  const miniblocks = readVarint(bytes, cursor);
  const told = readVarint(bytes, cursor);
  const perMiniblock = blockValues / miniblocks;
  if (told !== count || !Number.isInteger(perMiniblock) || perMiniblock % 8 !== 0 || perMiniblock === 0) {
    throw new CorruptParquetError('a page of differences does not have the values that it tells');
  }
  let value = readZigzag(bytes, cursor);
  if (count > 0) values[start] = value;
  const end = start + count;
  for (let to = start + 1; to < end; ) {
    const min = readZigzag(bytes, cursor);
    const widths = bytes.subarray(cursor.position, cursor.position + miniblocks);
    cursor.position += miniblocks;
    for (let miniblock = 0; miniblock < miniblocks && to < end; miniblock += 1) {
      const width = widths[miniblock] ?? 0;
      const stop = Math.min(end, to + perMiniblock);
      unpackDeltas(bytes, cursor.position, width, values, to, stop);
      for (; to < stop; to += 1) {
        value += min + (values[to] ?? 0);
        values[to] = value;
      }
      cursor.position += (perMiniblock * width) / 8;
    }
  }
  if (cursor.position > bytes.length) throw new CorruptParquetError('a page ends within its values');
  return cursor.position;
}

function unpackDeltas(
  bytes: Uint8Array,
  position: number,
  width: number,
  values: Float64Array,
  start: number,
  end: number,
): void {
  if (width > MAX_WIDTH) throw new UnsupportedParquetError(`numbers differ by ${width} bits`);
  const scale = 2 ** width;
  let from = position;
  let buffer = 0;
  let buffered = 0;
  for (let to = start; to < end; to += 1) {
    while (buffered < width) {
      buffer += (bytes[from] ?? 0) * 2 ** buffered;
      from += 1;
      buffered += 8;
    }
    values[to] = buffer % scale;
    buffer = Math.floor(buffer / scale);
    buffered -= width;
  }
}

/**
 * DELTA_LENGTH_BYTE_ARRAY: all lengths, and then all texts. Calls `take` with each text.
 *
 * @returns the position behind them
 * @throws CorruptParquetError
 */
export function decodeDeltaLengths(
  bytes: Uint8Array,
  position: number,
  count: number,
  take: (text: string) => void,
): number {
  const { ends, texts } = readParts(bytes, position, count);
  let start = 0;
  for (const end of ends) {
    take(decodeText(texts, start, end));
    start = end;
  }
  return bytes.length - texts.length + start;
}

/**
 * DELTA_BYTE_ARRAY: how much of the text before each begins with, and what follows. Calls `take` with each text.
 *
 * @returns the position behind them
 * @throws CorruptParquetError
 */
export function decodeDeltaTexts(
  bytes: Uint8Array,
  position: number,
  count: number,
  take: (text: string) => void,
): number {
  const prefixes = new Float64Array(count);
  const suffixPosition = decodeDelta(bytes, position, prefixes, 0, count);
  const { ends, texts } = readParts(bytes, suffixPosition, count);
  let text = Buffer.alloc(0);
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const prefix = prefixes[index] ?? 0;
    if (prefix < 0 || prefix > text.length) throw new CorruptParquetError('a text begins with more than there is');
    text = Buffer.concat([text.subarray(0, prefix), texts.subarray(start, end)]);
    take(decodeText(text, 0, text.length));
    start = end;
  }
  return bytes.length - texts.length + start;
}

/** The bytes behind the lengths, and where in them each text ends. */
function readParts(bytes: Uint8Array, position: number, count: number): { ends: Float64Array; texts: Buffer } {
  const ends = new Float64Array(count);
  const start = decodeDelta(bytes, position, ends, 0, count);
  const texts = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  let end = 0;
  for (const [index, length] of ends.entries()) {
    end += length;
    if (length < 0 || end > texts.length) throw new CorruptParquetError('a page ends within its values');
    ends[index] = end;
  }
  return { ends, texts };
}

interface Cursor {
  position: number;
}

function readVarint(bytes: Uint8Array, cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let read = 0; read < 10; read += 1) {
    const next = bytes[cursor.position];
    if (next === undefined) throw new CorruptParquetError('a page ends within its values');
    cursor.position += 1;
    value += (next & 0x7f) * scale;
    if (next < 0x80) {
      if (Number.isSafeInteger(value)) return value;
      throw new UnsupportedParquetError('numbers are more than 53 bits apart');
    }
    scale *= 128;
  }
  throw new CorruptParquetError('a number has no end');
}

function readZigzag(bytes: Uint8Array, cursor: Cursor): number {
  const value = readVarint(bytes, cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
