/** Rows as columns of typed arrays: what is written, read, sorted and merged without an object for each row. */

import type { Row, TableSchema, Value } from './table-schema.ts';

/** Columns are in the order of the schema, and each holds `rows` values. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly ColumnData[];
}

export type ColumnData = StringColumn | NumberColumn;

/** Each distinct text once, as a rule, and for each row which one it is. */
export interface StringColumn {
  readonly kind: 'string';
  /** Well-formed Unicode. It may have entries that no row uses, and two that are equal. */
  readonly dictionary: readonly string[];
  /** Of the dictionary; `NULL_INDEX` where the value is null. */
  readonly indices: Int32Array;
}

/** Values of an int32, double or timestamp column: all of them are exact as a double. */
export interface NumberColumn {
  readonly kind: 'number';
  /** 0 where the value is null. */
  readonly values: Float64Array;
  /** For each row 1, or 0 where the value is null; undefined when there are no nulls. */
  readonly validity: Uint8Array | undefined;
}

export const NULL_INDEX = -1;

/** The table's rows, one after the other. */
export function* rowsOf(schema: TableSchema, table: Table): IterableIterator<Row> {
  const readers = table.columns.map(valueReader);
  if (readers.length !== schema.columns.length) {
    throw new RangeError(`the table has ${readers.length} columns, its schema ${schema.columns.length}`);
  }
  for (let row = 0; row < table.rows; row += 1) yield readers.map((read) => read(row));
}

function valueReader(column: ColumnData): (row: number) => Value {
  if (column.kind === 'string') {
    const { dictionary, indices } = column;
    return (row) => dictionary[indices[row] ?? NULL_INDEX] ?? null;
  }
  const { values, validity } = column;
  return (row) => (validity?.[row] === 0 ? null : (values[row] ?? null));
}

/** The values by which rows are ordered. */
export function orderKeys(schema: TableSchema, table: Table): Float64Array {
  const column = table.columns[orderColumn(schema)];
  if (column?.kind !== 'number') throw new RangeError(`the table has no column of numbers ${schema.orderBy}`);
  return column.values;
}

/** @returns the place in the schema of the column by which rows are ordered */
export function orderColumn(schema: TableSchema): number {
  const index = schema.columns.findIndex(({ name }) => name === schema.orderBy);
  const column = schema.columns[index];
  if (column?.type !== 'timestamp' || column.nullable) {
    throw new RangeError(`rows are ordered by ${schema.orderBy}, which is no timestamp column that is never null`);
  }
  return index;
}
