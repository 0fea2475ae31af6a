/** Visit events read by the two other libraries that JavaScript has. */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import parquet from 'parquetjs-lite';
import type { Row, Value } from '../../src/table-schema.ts';
import { COLUMN_NAMES } from './visit-events.ts';

/** Those that hyparquet has not, and Node.js has. */
const compressors = {
  GZIP: (bytes: Uint8Array) => new Uint8Array(gunzipSync(bytes)),
  ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)),
  BROTLI: (bytes: Uint8Array) => new Uint8Array(brotliDecompressSync(bytes)),
};

/** In the order of the file. */
export async function readWithHyparquet(bytes: Uint8Array): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const parsers = { timestampFromMicroseconds: (micros: bigint) => micros };
  return (await parquetReadObjects({ file, parsers, compressors })).map(rowOf);
}

/** In the order of the file. Timestamps are cut to milliseconds: it has no more of them. */
export async function readWithParquetJs(bytes: Uint8Array): Promise<Row[]> {
  const reader = await parquet.ParquetReader.openBuffer(Buffer.from(bytes));
  const cursor = reader.getCursor();
  const rows: Row[] = [];
  for (let record = await cursor.next(); record !== null; record = await cursor.next()) rows.push(rowOf(record));
  await reader.close();
  return rows;
}

function rowOf(record: Readonly<Record<string, unknown>>): Row {
  return COLUMN_NAMES.map((name) => plainValue(record[name]));
}

function plainValue(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime() * 1_000;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`a value is a ${typeof value}`);
}
