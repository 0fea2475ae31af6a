import type { Codec } from '../encoding/compression.ts';
import { encodeDelta } from '../encoding/delta-writer.ts';
import { type NumberType, numberBytes, writeNumbers } from '../encoding/plain.ts';
import { ENCODING } from '../format/constants.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import type { NumberColumn } from '../table.ts';
import { assertNoNulls, dataPage, type EncodedChunk, pageRanges } from './encoded-chunk.ts';
import { numberStatistics } from './statistics.ts';

/**
 * A column chunk of numbers, PLAIN.
 *
 * @param isDelta DELTA_BINARY_PACKED, for pages whose values are near enough to each other
 */
export function encodeNumberChunk(
  column: PhysicalColumn,
  type: NumberType,
  data: NumberColumn,
  codec: Codec,
  isDelta: boolean,
): EncodedChunk {
  const { validity } = data;
  const rows = data.values.length;
  const values = validity === undefined ? data.values : data.values.filter((_, row) => validity[row] === 1);
  const nulls = rows - values.length;
  assertNoNulls(column, nulls);
  const pages = pageRanges(rows, validity).map((range) => {
    const { startValue: start, endValue: end } = range;
    const delta = isDelta && end > start ? encodeDelta(values, start, end) : undefined;
    const encoding = delta === undefined ? ENCODING.PLAIN : ENCODING.DELTA_BINARY_PACKED;
    const body = delta ?? plainNumbers(type, values, start, end);
    return { encoding, page: dataPage(codec, column, validity, range, encoding, body) };
  });
  return {
    column,
    values: rows,
    codec,
    dictionary: undefined,
    pages: pages.map(({ page }) => page),
    encodings: pages.map(({ encoding }) => encoding),
    statistics: numberStatistics(type, values, nulls),
  };
}

function plainNumbers(type: NumberType, values: Float64Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array((end - start) * numberBytes(type));
  writeNumbers(type, values, start, end, bytes, 0);
  return bytes;
}
