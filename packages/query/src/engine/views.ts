/** The tables of queries in DuckDB: views of Parquet files, with the columns and types that are promised. */

import { type DatasetTable, duckdbType } from '../datasets/columns.ts';
import { identifier, literal } from './sql-text.ts';

export interface TableFiles {
  readonly table: DatasetTable;
  /** Absolute paths. None: the table is there, and empty. */
  readonly files: readonly string[];
}

/** Everything that the files hold, columns matched by name; folders such as `dt=2026-11-22` are no columns. */
export function readingFiles(files: readonly string[]): string {
  const list = files.map((file) => literal(asPattern(file))).join(', ');
  return `read_parquet([${list}], union_by_name = true, hive_partitioning = false)`;
}

/** @param present names of the columns that at least one of the files has */
export function viewStatement({ table, files }: TableFiles, present: readonly string[]): string {
  const known = new Set(present.map((name) => name.toLowerCase()));
  const columns = table.columns.map(({ name, type }) => {
    const source = known.has(name) ? identifier(name) : 'NULL';
    return `CAST(${source} AS ${duckdbType(type)}) AS ${identifier(name)}`;
  });
  const source = files.length === 0 ? '(SELECT 1 WHERE false)' : readingFiles(files);
  return `CREATE VIEW ${identifier(table.table)} AS SELECT ${columns.join(', ')} FROM ${source}`;
}

/** The columns that must be there and are not. */
export function missingColumns(table: DatasetTable, present: readonly string[]): readonly string[] {
  const known = new Set(present.map((name) => name.toLowerCase()));
  return table.columns.filter(({ name, nullable }) => !nullable && !known.has(name)).map(({ name }) => name);
}

/** As DuckDB reads a path: `*`, `?` and `[` stand for themselves. */
export function asPattern(file: string): string {
  return file.replace(/[*?[]/g, '[$&]');
}
