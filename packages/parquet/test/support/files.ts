/** Files in memory: written, changed and read back in one call. */

import {
  type AppendOptions,
  appendToParquet,
  bytesSource,
  type CompactOptions,
  compactParquet,
  openParquet,
  type ParquetFile,
  type Rewrite,
  type Row,
  readTables,
  type TableSchema,
  type WriteOptions,
  writeParquet,
} from '../../src/index.ts';
import { rowsOfAll, tableOf } from '../../src/testing/index.ts';

/** A row group for each list of rows. */
export function fileOf(
  schema: TableSchema,
  groups: readonly (readonly Row[])[],
  options: WriteOptions = {},
): Uint8Array {
  return writeParquet(
    schema,
    groups.map((rows) => tableOf(schema, rows)),
    options,
  );
}

export function open(bytes: Uint8Array, schema: TableSchema): Promise<ParquetFile> {
  return openParquet(bytesSource(bytes), schema);
}

/** The rows of each row group. */
export async function groupsOf(bytes: Uint8Array, schema: TableSchema): Promise<Row[][]> {
  const groups: Row[][] = [];
  for await (const table of readTables(await open(bytes, schema))) groups.push(rowsOfAll(schema, [table]));
  return groups;
}

export async function rowsIn(bytes: Uint8Array, schema: TableSchema): Promise<Row[]> {
  return (await groupsOf(bytes, schema)).flat();
}

export interface Appended {
  readonly rewrite: Rewrite;
  /** The whole new file. */
  readonly bytes: Uint8Array;
}

export async function append(
  bytes: Uint8Array,
  schema: TableSchema,
  rows: readonly Row[],
  options: AppendOptions = {},
): Promise<Appended> {
  const rewrite = await appendToParquet(await open(bytes, schema), tableOf(schema, rows), options);
  return { rewrite, bytes: Buffer.concat([bytes.subarray(0, rewrite.keep), rewrite.tail]) };
}

export async function compact(
  bytes: Uint8Array,
  schema: TableSchema,
  options: CompactOptions = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of compactParquet(await open(bytes, schema), options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
