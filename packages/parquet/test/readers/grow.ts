/** Files that grow, in memory. */

import {
  type AppendOptions,
  appendToParquet,
  bytesSource,
  openParquet,
  readTables,
  rowsOf,
  sortTable,
} from '../../src/index.ts';
import type { Row } from '../../src/table-schema.ts';
import { tableOf } from './tables.ts';
import { VISIT_EVENTS } from './visit-events.ts';

export interface Grown {
  readonly bytes: Uint8Array;
  /** Of the old file: bytes that stayed, from its beginning. */
  readonly keep: number;
  /** Old rows that were written once more, merged with the new ones. */
  readonly merged: number;
}

/** The file after an append: what a splice would make of it. */
export async function append(bytes: Uint8Array, rows: readonly Row[], options?: AppendOptions): Promise<Grown> {
  const file = await openParquet(bytesSource(bytes), VISIT_EVENTS);
  const table = sortTable(VISIT_EVENTS, tableOf(rows));
  const { keep, tail, merged } = await appendToParquet(file, table, options);
  return { bytes: Buffer.concat([bytes.subarray(0, keep), tail]), keep, merged };
}

/** In the order of the file. */
export async function rowsOfFile(bytes: Uint8Array): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const table of readTables(await openParquet(bytesSource(bytes), VISIT_EVENTS))) {
    rows.push(...rowsOf(VISIT_EVENTS, table));
  }
  return rows;
}
