import type { ParquetFile } from '@millrace/parquet';
import type { Dataset } from '../datasets/dataset.ts';
import { rowsOfFile } from '../maintenance/row-counts.ts';
import { deletedRows, type Tombstones } from './tombstones.ts';

/** How many rows of a file are deleted and still in it. Reads all of it, and nothing when no row is deleted. */
export async function countDeleted(dataset: Dataset, file: ParquetFile, tombstones: Tombstones): Promise<number> {
  if (tombstones.size === 0) return 0;
  const isDeleted = deletedRows(dataset, tombstones);
  let count = 0;
  for await (const row of rowsOfFile(dataset.schema, file)) if (isDeleted(row)) count += 1;
  return count;
}
