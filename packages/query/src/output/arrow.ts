/** A result as an Arrow IPC file. */

import type { DuckDBValue } from '@duckdb/node-api';
import { Field, makeData, RecordBatch, RecordBatchFileWriter, Schema, Struct } from 'apache-arrow';
import { type QueryResult, rowCount } from '../engine/result.ts';
import { type ArrowColumn, arrowColumn } from './arrow-columns.ts';

/** Rows of a batch: DuckDB's blocks are small, and each batch costs a header for every column. */
const BATCH_ROWS = 65_536;

export async function* arrowBytes(result: QueryResult): AsyncGenerator<Uint8Array> {
  const writer = new RecordBatchFileWriter();
  const writing = writeBatches(result, writer);
  // A failure ends the loop, and is thrown behind it.
  writing.catch(() => writer.close());
  for await (const bytes of writer) yield bytes;
  await writing;
}

async function writeBatches({ columns, blocks }: QueryResult, writer: RecordBatchFileWriter): Promise<void> {
  const arrow = columns.map(({ type }) => arrowColumn(type));
  const fields = columns.map(({ name }, index) => new Field(name, typeOf(arrow, index), true));
  const schema = new Schema(fields);
  let held: DuckDBValue[][] = columns.map(() => []);
  const flush = () => {
    writer.write(toBatch(schema, arrow, held));
    held = columns.map(() => []);
  };
  let isEmpty = true;
  for await (const block of blocks) {
    for (const [index, values] of block.entries()) {
      for (const value of values) held[index]?.push(value);
    }
    if (rowCount(held) < BATCH_ROWS) continue;
    flush();
    isEmpty = false;
  }
  // Without any batch the file would not even say what its columns are.
  if (isEmpty || rowCount(held) > 0) flush();
  writer.finish();
}

function typeOf(columns: readonly ArrowColumn[], index: number) {
  const column = columns[index];
  if (column === undefined) throw new RangeError(`there is no column ${index}`);
  return column.type;
}

function toBatch(schema: Schema, columns: readonly ArrowColumn[], values: readonly DuckDBValue[][]): RecordBatch {
  const children = columns.map((column, index) => column.toData(values[index] ?? []));
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, makeData({ type, length: rowCount(values), nullCount: 0, children }));
}
