/** PLAIN: values one after the other, lowest byte first; texts behind their lengths of four bytes. */

import { isUtf8 } from 'node:buffer';
import { CorruptParquetError } from '../errors.ts';
import { PHYSICAL_TYPE } from '../format/constants.ts';

/** Bytes of a text's length. */
export const LENGTH_BYTES = 4;

/** The physical types of columns of numbers. */
export type NumberType = typeof PHYSICAL_TYPE.INT32 | typeof PHYSICAL_TYPE.INT64 | typeof PHYSICAL_TYPE.DOUBLE;

const TWO_32 = 2 ** 32;

export function numberBytes(type: NumberType): number {
  return type === PHYSICAL_TYPE.INT32 ? 4 : 8;
}

/** Writes `values[start, end)`, which the type holds exactly. */
export function writeNumbers(
  type: NumberType,
  values: Float64Array,
  start: number,
  end: number,
  bytes: Uint8Array,
  position: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + position);
  if (type === PHYSICAL_TYPE.INT32) {
    for (let index = start, to = 0; index < end; index += 1, to += 4) view.setInt32(to, values[index] ?? 0, true);
  } else if (type === PHYSICAL_TYPE.DOUBLE) {
    for (let index = start, to = 0; index < end; index += 1, to += 8) view.setFloat64(to, values[index] ?? 0, true);
  } else {
    for (let index = start, to = 0; index < end; index += 1, to += 8) {
      const value = values[index] ?? 0;
      const high = Math.floor(value / TWO_32);
      view.setUint32(to, value - high * TWO_32, true);
      view.setInt32(to + 4, high, true);
    }
  }
}

/**
 * Reads `count` values into `values`, from `start`.
 *
 * @throws CorruptParquetError when the bytes are too few
 */
export function readNumbers(
  type: NumberType,
  bytes: Uint8Array,
  position: number,
  values: Float64Array,
  start: number,
  count: number,
): void {
  if (position + count * numberBytes(type) > bytes.length)
    throw new CorruptParquetError('a page ends within its values');
  const view = new DataView(bytes.buffer, bytes.byteOffset + position);
  const end = start + count;
  if (type === PHYSICAL_TYPE.INT32) {
    for (let to = start, from = 0; to < end; to += 1, from += 4) values[to] = view.getInt32(from, true);
  } else if (type === PHYSICAL_TYPE.DOUBLE) {
    for (let to = start, from = 0; to < end; to += 1, from += 8) values[to] = view.getFloat64(from, true);
  } else {
    // What is beyond the safe integers comes out as a number that is beyond them too.
    for (let to = start, from = 0; to < end; to += 1, from += 8) {
      values[to] = view.getInt32(from + 4, true) * TWO_32 + view.getUint32(from, true);
    }
  }
}

/** Texts as PLAIN writes them, each with its length before it. */
export interface EncodedTexts {
  readonly bytes: Uint8Array;
  /** Where each text begins, with its length; and where the last one ends. */
  readonly starts: Int32Array;
}

export function encodeTexts(texts: readonly string[]): EncodedTexts {
  const size = texts.reduce((sum, text) => sum + LENGTH_BYTES + Buffer.byteLength(text), 0);
  const buffer = Buffer.allocUnsafeSlow(size);
  const starts = new Int32Array(texts.length + 1);
  let position = 0;
  for (const [index, text] of texts.entries()) {
    starts[index] = position;
    const length = buffer.write(text, position + LENGTH_BYTES, 'utf8');
    buffer.writeUInt32LE(length, position);
    position += LENGTH_BYTES + length;
  }
  starts[texts.length] = position;
  return { bytes: new Uint8Array(buffer.buffer, 0, size), starts };
}

/**
 * Calls `take` with each of `count` texts.
 *
 * @returns the position behind the last one
 * @throws CorruptParquetError when the bytes are too few, or not UTF-8
 */
export function readTexts(bytes: Uint8Array, position: number, count: number, take: (text: string) => void): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let from = position;
  for (let index = 0; index < count; index += 1) {
    if (from + LENGTH_BYTES > buffer.length) throw new CorruptParquetError('a page ends within its values');
    const length = buffer.readUInt32LE(from);
    from += LENGTH_BYTES;
    if (length > buffer.length - from) throw new CorruptParquetError('a page ends within its values');
    take(decodeText(buffer, from, from + length));
    from += length;
  }
  return from;
}

/** @throws CorruptParquetError when the bytes are not UTF-8: as text they would be others when they are written again */
export function decodeText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end);
  if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) {
    throw new CorruptParquetError('a text is not UTF-8');
  }
  return text;
}
