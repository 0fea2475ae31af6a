/** Row groups: the bytes of a table, and what the footer says of them. */

import { CODEC_NUMBERS } from '../encoding/compression.ts';
import { ENCODING, PAGE_TYPE } from '../format/constants.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import type { Table } from '../table.ts';
import { encodeStruct, type ThriftWriter } from '../thrift/writer.ts';
import { type EncodingOptions, encodeChunk } from './chunk-writer.ts';
import type { EncodedChunk } from './encoded-chunk.ts';
import type { EncodedPage } from './page-writer.ts';
import { writeStatistics } from './statistics.ts';

export interface EncodedRowGroup {
  readonly rows: number;
  /** In the order of the file; `bytes` long together. */
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  /** The struct RowGroup. */
  readonly thrift: Uint8Array;
}

export interface RowGroupPlace {
  /** Of the group's first byte in the file. */
  readonly offset: number;
  /** Its place among the row groups. In a file either all groups tell it, or none: arrow-rs refuses others. */
  readonly ordinal: number | undefined;
}

/**
 * @param columns in the order of the file
 * @throws InvalidValueError for a null in a column that the file has as REQUIRED
 */
export function encodeRowGroup(
  columns: readonly PhysicalColumn[],
  table: Table,
  { offset, ordinal }: RowGroupPlace,
  options: EncodingOptions,
): EncodedRowGroup {
  const parts: Uint8Array[] = [];
  const chunks: PlacedChunk[] = [];
  let bytes = 0;
  for (const column of columns) {
    const data = table.columns[column.place];
    if (data === undefined) throw new RangeError(`the table has no column ${column.spec.name}`);
    const chunk = placed(encodeChunk(column, data, options), offset + bytes);
    for (const page of pagesOf(chunk)) parts.push(...page.parts);
    bytes += chunk.bytes;
    chunks.push(chunk);
  }
  const thrift = encodeStruct((group) => {
    group.structList(1, chunks, writeColumnChunk);
    group.i64(
      2,
      chunks.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0),
    );
    group.i64(3, table.rows);
    group.i64(5, offset);
    group.i64(6, bytes);
    if (ordinal !== undefined) group.i16(7, ordinal);
  });
  return { rows: table.rows, parts, bytes, thrift };
}

interface PlacedChunk extends EncodedChunk {
  readonly offset: number;
  readonly bytes: number;
  readonly uncompressedBytes: number;
}

function placed(chunk: EncodedChunk, offset: number): PlacedChunk {
  const pages = pagesOf(chunk);
  return {
    ...chunk,
    offset,
    bytes: pages.reduce((sum, page) => sum + page.bytes, 0),
    uncompressedBytes: pages.reduce((sum, page) => sum + page.uncompressedBytes, 0),
  };
}

function pagesOf({ dictionary, pages }: EncodedChunk): readonly EncodedPage[] {
  return dictionary === undefined ? pages : [dictionary, ...pages];
}

function writeColumnChunk(writer: ThriftWriter, chunk: PlacedChunk): void {
  writer.i64(2, chunk.offset);
  writer.struct(3, (metadata) => {
    const { column, dictionary } = chunk;
    metadata.i32(1, column.type);
    metadata.i32List(2, encodingsOf(chunk));
    metadata.textList(3, [column.spec.name]);
    metadata.i32(4, CODEC_NUMBERS[chunk.codec]);
    metadata.i64(5, chunk.values);
    metadata.i64(6, chunk.uncompressedBytes);
    metadata.i64(7, chunk.bytes);
    metadata.i64(9, chunk.offset + (dictionary?.bytes ?? 0));
    if (dictionary !== undefined) metadata.i64(11, chunk.offset);
    metadata.struct(12, (statistics) => writeStatistics(statistics, chunk.statistics));
    metadata.structList(13, pageCounts(chunk), (count, { type, encoding, pages }) => {
      count.i32(1, type);
      count.i32(2, encoding);
      count.i32(3, pages);
    });
  });
}

/** Of levels and values. */
function encodingsOf({ encodings }: EncodedChunk): number[] {
  return [...new Set([ENCODING.RLE, ...encodings])];
}

/** By type and encoding: from it readers know whether all of a chunk is in its dictionary. */
function pageCounts({ dictionary, encodings }: EncodedChunk) {
  const counts = [...new Set(encodings)].map((encoding) => ({
    type: PAGE_TYPE.DATA_PAGE,
    encoding,
    pages: encodings.filter((other) => other === encoding).length,
  }));
  if (dictionary === undefined) return counts;
  return [{ type: PAGE_TYPE.DICTIONARY_PAGE, encoding: ENCODING.PLAIN_DICTIONARY, pages: 1 }, ...counts];
}
