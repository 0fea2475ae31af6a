import { placedError, UnsupportedParquetError } from './errors.ts';
import type { PhysicalColumn } from './format/physical-column.ts';
import type { ParquetFile } from './parquet-file.ts';
import { readRanges } from './read/byte-ranges.ts';
import { readChunk } from './read/chunk-reader.ts';
import type { PlacedChunk, RowGroup } from './read/row-group.ts';
import type { Table } from './table.ts';
import type { TableSchema } from './table-schema.ts';

export interface ReadOptions {
  /** Names, in the order that the tables shall have; without it, all columns in the order of the schema. */
  readonly columns?: readonly string[];
}

/**
 * A table for each row group that has rows, as they are in the file: no more than one is in memory.
 *
 * @throws UnsupportedParquetError when a row group cannot be read, before the first table
 * @throws CorruptParquetError
 * @throws RangeError when there is no column of a name
 */
export async function* readTables(file: ParquetFile, options: ReadOptions = {}): AsyncGenerator<Table> {
  const { columns = columnNames(file.schema) } = options;
  assertReadable(file);
  for (const [index, { rows }] of file.rowGroups.entries()) {
    if (rows > 0) yield* await readRowGroups(file, [index], columns);
  }
}

export function columnNames(schema: TableSchema): readonly string[] {
  return schema.columns.map(({ name }) => name);
}

/** @throws UnsupportedParquetError when one of the row groups cannot be read */
export function assertReadable(file: ParquetFile): void {
  for (const [index, { unreadable }] of file.rowGroups.entries()) {
    if (unreadable !== undefined) throw placedError(`row group ${index}`, new UnsupportedParquetError(unreadable));
  }
}

/**
 * The tables of some row groups. Those that lie beside each other are read at once.
 *
 * @param names of columns, in the order that the tables shall have
 * @throws CorruptParquetError, UnsupportedParquetError
 */
export async function readRowGroups(
  file: ParquetFile,
  indices: readonly number[],
  names: readonly string[],
): Promise<Table[]> {
  const columns = names.map((name) => findColumn(file, name));
  const groups = indices.map((index) => ({ index, group: findGroup(file, index) }));
  const ranges = groups.flatMap(({ group }) => columns.map(({ at }) => chunkOf(group, at)));
  const bytes = await readRanges(file.source, ranges);
  return groups.map(({ index, group }, row) => {
    const first = row * columns.length;
    const chunks = bytes.slice(first, first + columns.length);
    try {
      return readTable(group, columns, chunks);
    } catch (error) {
      throw placedError(`row group ${index}`, error);
    }
  });
}

/** A column, and its place in the file. */
interface FileColumn {
  readonly column: PhysicalColumn;
  readonly at: number;
}

function readTable(group: RowGroup, columns: readonly FileColumn[], bytes: readonly Uint8Array[]): Table {
  const { rows } = group;
  return {
    rows,
    columns: columns.map(({ column, at }, index) => {
      const { codec } = chunkOf(group, at);
      return readChunk(column, codec, bytes[index] ?? new Uint8Array(), rows);
    }),
  };
}

function findColumn(file: ParquetFile, name: string): FileColumn {
  const at = file.columns.findIndex(({ spec }) => spec.name === name);
  const column = file.columns[at];
  if (column === undefined) throw new RangeError(`there is no column ${name}`);
  return { column, at };
}

function findGroup(file: ParquetFile, index: number): RowGroup {
  const group = file.rowGroups[index];
  if (group === undefined) throw new RangeError(`there is no row group ${index}`);
  return group;
}

function chunkOf({ chunks }: RowGroup, at: number): PlacedChunk {
  const chunk = chunks[at];
  if (chunk === undefined) throw new RangeError(`there is no column chunk ${at}`);
  return chunk;
}
