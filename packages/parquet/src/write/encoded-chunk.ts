/** What a column chunk is before its place in a file is known: the values of one column in one row group, as pages. */

import { concatBytes } from '../concat-bytes.ts';
import type { Codec } from '../encoding/compression.ts';
import { InvalidValueError } from '../errors.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import { type EncodedPage, encodeDataPage, encodeLevels } from './page-writer.ts';
import type { ChunkStatistics } from './statistics.ts';

export interface EncodedChunk {
  readonly column: PhysicalColumn;
  /** Nulls are counted. */
  readonly values: number;
  readonly codec: Codec;
  /** Of the page that comes first; undefined when there is none. */
  readonly dictionary: EncodedPage | undefined;
  readonly pages: readonly EncodedPage[];
  /** Of each data page. */
  readonly encodings: readonly number[];
  readonly statistics: ChunkStatistics;
}

/** As parquet-mr has it: readers hold a page at a time. */
const MAX_PAGE_ROWS = 20_000;

/** Rows of a chunk, and which of its values they have: nulls have none. */
export interface PageRange {
  readonly startRow: number;
  readonly endRow: number;
  readonly startValue: number;
  readonly endValue: number;
}

/**
 * Cuts a chunk into pages.
 *
 * @param validity 1 for each row with a value; undefined when all have one
 */
export function pageRanges(rows: number, validity: Uint8Array | undefined): PageRange[] {
  const ranges: PageRange[] = [];
  let startValue = 0;
  for (let startRow = 0; startRow < rows; startRow += MAX_PAGE_ROWS) {
    const endRow = Math.min(rows, startRow + MAX_PAGE_ROWS);
    const endValue = startValue + countValues(validity, startRow, endRow);
    ranges.push({ startRow, endRow, startValue, endValue });
    startValue = endValue;
  }
  return ranges;
}

function countValues(validity: Uint8Array | undefined, start: number, end: number): number {
  if (validity === undefined) return end - start;
  let count = 0;
  for (let row = start; row < end; row += 1) count += validity[row] ?? 0;
  return count;
}

/** A data page of levels, where the column has them, and values. */
export function dataPage(
  codec: Codec,
  { optional }: PhysicalColumn,
  validity: Uint8Array | undefined,
  { startRow, endRow }: PageRange,
  encoding: number,
  values: Uint8Array,
): EncodedPage {
  const body = optional ? concatBytes([encodeLevels(validity, startRow, endRow), values]) : values;
  return encodeDataPage(codec, { values: endRow - startRow, encoding, body });
}

/** @throws InvalidValueError when there are nulls, and the file has the column as REQUIRED */
export function assertNoNulls({ spec, optional }: PhysicalColumn, nulls: number): void {
  if (!optional && nulls > 0) throw new InvalidValueError(spec.name, 'is null, but the column holds no nulls');
}
