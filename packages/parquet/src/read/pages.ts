/** The pages of a column chunk, uncompressed and taken apart into levels and values. */

import { crc32 } from 'node:zlib';
import { decompress } from '../encoding/compression.ts';
import { decodeHybrid } from '../encoding/hybrid.ts';
import { CorruptParquetError, UnsupportedParquetError } from '../errors.ts';
import { ENCODING, nameOf, PAGE_TYPE } from '../format/constants.ts';
import { type PageHeader, readPageHeader } from './page-header.ts';

export type Page = DictionaryPage | DataPage;

export interface DictionaryPage {
  readonly kind: 'dictionary';
  readonly values: number;
  readonly bytes: Uint8Array;
}

export interface DataPage {
  readonly kind: 'data';
  readonly rows: number;
  /** 1 for each row that has a value; undefined when all have one. */
  readonly validity: Uint8Array | undefined;
  /** Of the rows that have one: how many, and where their values are. */
  readonly present: number;
  readonly encoding: number;
  readonly bytes: Uint8Array;
  readonly position: number;
}

export interface ChunkBytes {
  readonly bytes: Uint8Array;
  readonly codec: number;
  /** Whether its pages have levels. */
  readonly optional: boolean;
  /** No page has more. */
  readonly rows: number;
}

/** @throws CorruptParquetError, UnsupportedParquetError */
export function* pagesOf(chunk: ChunkBytes): IterableIterator<Page> {
  for (let position = 0; position < chunk.bytes.length; ) {
    const { header, end } = readPageHeader(chunk.bytes, position);
    position = end + header.compressedBytes;
    if (position > chunk.bytes.length) throw new CorruptParquetError('a page is longer than its column');
    const content = chunk.bytes.subarray(end, position);
    if (header.crc !== undefined && (header.crc | 0) !== (crc32(content) | 0)) {
      throw new CorruptParquetError('a page does not have its checksum');
    }
    if (header.type !== PAGE_TYPE.DICTIONARY_PAGE && header.values > chunk.rows) {
      throw new CorruptParquetError(`there are more than ${chunk.rows} values`);
    }
    if (header.type === PAGE_TYPE.DICTIONARY_PAGE) yield dictionaryPage(header, content, chunk.codec);
    else if (header.type === PAGE_TYPE.DATA_PAGE) yield dataPage(header, content, chunk);
    else if (header.type === PAGE_TYPE.DATA_PAGE_V2) yield dataPageV2(header, content, chunk);
  }
}

function dictionaryPage(header: PageHeader, content: Uint8Array, codec: number): DictionaryPage {
  const { values, encoding, uncompressedBytes } = header;
  if (encoding !== ENCODING.PLAIN && encoding !== ENCODING.PLAIN_DICTIONARY) {
    throw new UnsupportedParquetError(`a dictionary has the encoding ${nameOf(ENCODING, encoding)}`);
  }
  return { kind: 'dictionary', values, bytes: decompress(codec, content, uncompressedBytes) };
}

function dataPage(header: PageHeader, content: Uint8Array, { codec, optional }: ChunkBytes): DataPage {
  const { values: rows, encoding, levelEncoding, uncompressedBytes } = header;
  const bytes = decompress(codec, content, uncompressedBytes);
  const page = { kind: 'data', rows, encoding, bytes } as const;
  if (!optional) return { ...page, validity: undefined, present: rows, position: 0 };
  if (levelEncoding !== ENCODING.RLE) {
    throw new UnsupportedParquetError(`levels have the encoding ${nameOf(ENCODING, levelEncoding)}`);
  }
  if (bytes.length < 4) throw new CorruptParquetError('a page ends within its levels');
  const position = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { ...page, ...readLevels(bytes, 4, position, rows), position };
}

function dataPageV2(header: PageHeader, content: Uint8Array, { codec, optional }: ChunkBytes): DataPage {
  const { values: rows, encoding, definitionBytes, repetitionBytes, uncompressedBytes, isCompressed } = header;
  const start = definitionBytes + repetitionBytes;
  if (start > content.length || start > uncompressedBytes)
    throw new CorruptParquetError('a page ends within its levels');
  const values = content.subarray(start);
  const bytes = isCompressed ? decompress(codec, values, uncompressedBytes - start) : values;
  const levels = optional ? readLevels(content, repetitionBytes, start, rows) : { validity: undefined, present: rows };
  return { kind: 'data', rows, encoding, bytes, ...levels, position: 0 };
}

function readLevels(
  bytes: Uint8Array,
  start: number,
  end: number,
  rows: number,
): { validity: Uint8Array | undefined; present: number } {
  if (end > bytes.length) throw new CorruptParquetError('a page ends within its levels');
  const validity = new Uint8Array(rows);
  decodeHybrid(bytes, start, end, 1, validity, 0, rows);
  let present = 0;
  for (let row = 0; row < rows; row += 1) present += validity[row] ?? 0;
  return { validity: present === rows ? undefined : validity, present };
}
