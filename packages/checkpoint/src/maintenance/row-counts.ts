/** Counts of equal rows, by file: to compare what sources say with what files hold. About 100 bytes a row. */

import { hash } from 'node:crypto';
import { type ParquetFile, type Row, readTables, rowsOf, type TableSchema } from '@millrace/parquet';

export interface RowCounts {
  add(path: string, row: Row, count?: number): void;
  /** How many of a row there are. */
  count(path: string, row: Row): number;
  /** Sum of what is above, and of what is below zero, of a file. */
  balance(path: string): { readonly over: number; readonly under: number };
}

export function createRowCounts(): RowCounts {
  const files = new Map<string, Map<string, number>>();
  const countsOf = (path: string): Map<string, number> => {
    const counts = files.get(path) ?? new Map<string, number>();
    files.set(path, counts);
    return counts;
  };
  return {
    add(path, row, count = 1) {
      const counts = countsOf(path);
      const name = rowName(row);
      const sum = (counts.get(name) ?? 0) + count;
      if (sum === 0) counts.delete(name);
      else counts.set(name, sum);
    },
    count: (path, row) => files.get(path)?.get(rowName(row)) ?? 0,
    balance(path) {
      let [over, under] = [0, 0];
      for (const count of files.get(path)?.values() ?? []) {
        if (count > 0) over += count;
        else under -= count;
      }
      return { over, under };
    },
  };
}

function rowName(row: Row): string {
  return hash('sha256', JSON.stringify(row), 'buffer').toString('latin1', 0, 16);
}

export async function* rowsOfFile(schema: TableSchema, file: ParquetFile): AsyncGenerator<Row> {
  for await (const table of readTables(file)) yield* rowsOf(schema, table);
}
