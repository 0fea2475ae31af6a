/** The least and the greatest value of a column chunk, by which readers leave out row groups: exact, or none at all. */

import { type NumberType, numberBytes, writeNumbers } from '../encoding/plain.ts';
import { PHYSICAL_TYPE } from '../format/constants.ts';
import type { ThriftWriter } from '../thrift/writer.ts';
import { compareUtf8, lowerBound, upperBound } from './utf8-order.ts';

export interface ChunkStatistics {
  /** None when the chunk has no values, or values that are not ordered. */
  readonly min: StatisticsBound | undefined;
  readonly max: StatisticsBound | undefined;
  readonly nulls: number;
  /** Whether the deprecated fields may tell the bounds too: they were compared as signed numbers, which texts are not. */
  readonly signed: boolean;
}

interface StatisticsBound {
  /** As PLAIN writes the value, without a length. */
  readonly bytes: Uint8Array;
  /** False: no value of the chunk, but beyond all of them. */
  readonly exact: boolean;
}

/** Longer texts are cut. */
const MAX_TEXT_BYTES = 64;

/** @param texts each value of the chunk at least once, nulls left out */
export function textStatistics(texts: readonly string[], nulls: number): ChunkStatistics {
  let [min = '', max = ''] = [texts[0], texts[0]];
  for (const text of texts) {
    if (compareUtf8(text, min) < 0) min = text;
    else if (compareUtf8(text, max) > 0) max = text;
  }
  if (texts.length === 0) return { min: undefined, max: undefined, nulls, signed: false };
  const low = lowerBound(min, MAX_TEXT_BYTES);
  const high = upperBound(max, MAX_TEXT_BYTES);
  return {
    min: { bytes: new TextEncoder().encode(low.text), exact: low.exact },
    max: { bytes: new TextEncoder().encode(high.text), exact: high.exact },
    nulls,
    signed: false,
  };
}

/** @param values of the chunk, nulls left out */
export function numberStatistics(type: NumberType, values: Float64Array, nulls: number): ChunkStatistics {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let isOrdered = true;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
    // Not a number: other programs' files may have them.
    if (Number.isNaN(value)) isOrdered = false;
  }
  if (values.length === 0 || !isOrdered) return { min: undefined, max: undefined, nulls, signed: true };
  if (type === PHYSICAL_TYPE.DOUBLE) {
    // Zeros of both signs are equal, and readers may look for either.
    if (min === 0) min = -0;
    if (max === 0) max = 0;
  }
  return { min: numberBound(type, min), max: numberBound(type, max), nulls, signed: true };
}

function numberBound(type: NumberType, value: number): StatisticsBound {
  const bytes = new Uint8Array(numberBytes(type));
  writeNumbers(type, Float64Array.of(value), 0, 1, bytes, 0);
  return { bytes, exact: true };
}

/** Writes the fields of the struct Statistics. */
export function writeStatistics(writer: ThriftWriter, { min, max, nulls, signed }: ChunkStatistics): void {
  if (signed && max !== undefined) writer.binary(1, max.bytes);
  if (signed && min !== undefined) writer.binary(2, min.bytes);
  writer.i64(3, nulls);
  if (max !== undefined) writer.binary(5, max.bytes);
  if (min !== undefined) writer.binary(6, min.bytes);
  if (max?.exact === false) writer.bool(7, false);
  if (min?.exact === false) writer.bool(8, false);
}
