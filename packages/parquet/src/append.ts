import type { ParquetFile } from './parquet-file.ts';
import { readTables } from './read-tables.ts';
import type { Table } from './table.ts';
import { writeParquet } from './write.ts';
export async function appendToParquet(
  file: ParquetFile,
  table: Table,
  options: { metadata?: ReadonlyMap<string, string> } = {},
) {
  const tables: Table[] = [];
  for await (const old of readTables(file)) tables.push(old);
  const bytes = writeParquet(file.schema, [...tables, table], {
    metadata: new Map([...file.metadata, ...(options.metadata ?? [])]),
  });
  return { keep: 0, tail: bytes, rows: file.rows + table.rows, rowGroups: 1, merged: 0 };
}
export async function* compactParquet(file: ParquetFile): AsyncGenerator<Uint8Array> {
  yield (await appendToParquet(file, { rows: 0, columns: [] } as Table)).tail;
}
export function needsCompaction(file: ParquetFile): boolean {
  return file.rowGroups.length > 1;
}
