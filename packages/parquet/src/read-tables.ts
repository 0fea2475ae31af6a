import { placedError, UnsupportedParquetError } from './errors.ts';
import type { ParquetFile } from './parquet-file.ts';
import { readRanges } from './read/byte-ranges.ts';
import { readChunk } from './read/chunk-reader.ts';
import type { Table } from './table.ts';

export interface ReadOptions {
  /** Names, in the order that the tables shall have; without it, all columns in the order of the schema. */
  readonly columns?: readonly string[];
}

/**
 * A table for each row group that has rows, as they are in the file: no more than one is in memory.
 *
 * @throws UnsupportedParquetError when a row group cannot be read, before the first table
 * @throws CorruptParquetError
 */
export async function* readTables(file: ParquetFile, options: ReadOptions = {}): AsyncGenerator<Table> {
  const columns = options.columns ?? file.schema.columns.map(({ name }) => name);
  assertReadable(file, file.rowGroups.keys());
  for (const [index, { rows }] of file.rowGroups.entries()) {
    if (rows > 0) yield await readRowGroup(file, index, columns);
  }
}

/** @throws UnsupportedParquetError when one of the row groups cannot be read */
export function assertReadable(file: ParquetFile, groups: Iterable<number>): void {
  for (const index of groups) {
    const reason = file.rowGroups[index]?.unreadable;
    if (reason !== undefined) throw placedError(`row group ${index}`, new UnsupportedParquetError(reason));
  }
}

/**
 * @param names of columns, in the order that the table shall have
 * @throws CorruptParquetError, UnsupportedParquetError
 */
export async function readRowGroup(file: ParquetFile, index: number, names: readonly string[]): Promise<Table> {
  const group = file.rowGroups[index];
  if (group === undefined) throw new RangeError(`there is no row group ${index}`);
  const wanted = names.map((name) => {
    const place = file.columns.findIndex(({ spec }) => spec.name === name);
    const [column, chunk] = [file.columns[place], group.chunks[place]];
    if (column === undefined || chunk === undefined) throw new RangeError(`there is no column ${name}`);
    return { column, chunk };
  });
  const bytes = await readRanges(
    file.source,
    wanted.map(({ chunk }) => chunk),
  );
  try {
    const columns = wanted.map(({ column, chunk }, at) =>
      readChunk(column, chunk.codec, bytes[at] ?? new Uint8Array(), group.rows),
    );
    return { rows: group.rows, columns };
  } catch (error) {
    throw placedError(`row group ${index}`, error);
  }
}
