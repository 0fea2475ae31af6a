/** Files as another program reads them: hyparquet, with timestamps to the microsecond. */

import { zstdDecompressSync } from 'node:zlib';
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { Row, TableSchema, Value } from '../../src/index.ts';

const compressors = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)) };
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const parsers = {
  timestampFromMicroseconds: (microseconds: bigint) => Number(microseconds),
  stringFromBytes: (bytes: Uint8Array) => utf8.decode(bytes),
};

export function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(arrayBufferOf(bytes), { parsers });
}

/** In the order of the schema's columns. */
export async function rowsByHyparquet(bytes: Uint8Array, schema: TableSchema): Promise<Row[]> {
  const file = arrayBufferOf(bytes);
  const rows = await parquetReadObjects({ file, metadata: metadataOf(bytes), parsers, compressors });
  return rows.map((row) => schema.columns.map(({ name }) => plainValue(row[name])));
}

/** Whole numbers of 64 bits are bigints there. */
function plainValue(value: unknown): Value {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
