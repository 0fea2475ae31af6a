/** Tables of any schema, for properties. */

import fc from 'fast-check';
import { rowsOf, type Table } from '../table.ts';
import { createTableBuilder } from '../table-builder.ts';
import type { ColumnSpec, ColumnType, Row, TableSchema, Value } from '../table-schema.ts';

/** @throws InvalidValueError */
export function tableOf(schema: TableSchema, rows: Iterable<Row>): Table {
  const builder = createTableBuilder(schema);
  for (const row of rows) builder.add(row);
  return builder.build();
}

/** Rows in the order of the schema's timestamps; those of one time stay in their order. */
export function sortedRows(schema: TableSchema, rows: Iterable<Row>): Row[] {
  const order = schema.columns.findIndex(({ name }) => name === schema.orderBy);
  return [...rows].sort((a, b) => Number(a[order]) - Number(b[order]));
}

export function rowsOfAll(schema: TableSchema, tables: Iterable<Table>): Row[] {
  return [...tables].flatMap((table) => [...rowsOf(schema, table)]);
}

/** Up to six columns, and the timestamp `at` by which rows are ordered somewhere among them. */
export function arbitrarySchema(): fc.Arbitrary<TableSchema> {
  const type = fc.constantFrom<ColumnType>('string', 'int32', 'double', 'timestamp');
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => text !== 'at');
  const column: fc.Arbitrary<ColumnSpec> = fc.record({ name, type, nullable: fc.boolean() });
  const columns = fc.uniqueArray(column, { maxLength: 6, selector: (spec) => spec.name });
  return fc.tuple(columns, fc.nat(6)).map(([others, place]) => ({
    columns: others.toSpliced(place, 0, { name: 'at', type: 'timestamp', nullable: false }),
    orderBy: 'at',
  }));
}

export function arbitraryRows(schema: TableSchema, options: fc.ArrayConstraints = {}): fc.Arbitrary<Row[]> {
  return fc.array(fc.tuple(...schema.columns.map(arbitraryValue)), { maxLength: 40, ...options });
}

/** Some values come often, so that there are dictionaries, runs, and rows of one time. */
export function arbitraryValue({ type, nullable }: ColumnSpec): fc.Arbitrary<Value> {
  const value = arbitraries[type];
  return nullable ? fc.option(value, { freq: 3 }) : value;
}

const arbitraries: Readonly<Record<ColumnType, fc.Arbitrary<string | number>>> = {
  string: fc.oneof(
    fc.constantFrom('', 'adrc', 'dvcid', '\ufeffmark', 'z\u0000'),
    // Code points of every length in UTF-8, those among them whose order is another in UTF-16.
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('\uffff', '\u{10000}', '\u{10ffff}', '\ue000', '\ud7ff'),
    fc.string({ unit: 'binary', minLength: 30, maxLength: 90 }),
  ),
  int32: fc.oneof(fc.integer(), fc.integer({ min: 0, max: 3 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  double: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 0.1, Number.MAX_VALUE, Number.MIN_VALUE),
  ),
  timestamp: fc.oneof(
    fc.integer({ min: 1_772_357_400_370_500, max: 1_772_357_400_370_510 }),
    fc.integer({ min: 1_700_000_000_000_000, max: 1_800_000_000_000_000 }),
    fc.maxSafeInteger(),
    fc.constantFrom(0, -1, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  ),
};
