/** Visit events written by the two other libraries that JavaScript has. */

import { createWriteStream } from 'node:fs';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';
import parquet from 'parquetjs-lite';
import type { ColumnSpec, Row } from '../../src/table-schema.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { COLUMN_NAMES } from './visit-events.ts';

interface HyparquetOptions {
  /** Whether columns that are never null are REQUIRED. */
  readonly required: boolean;
  readonly rowGroupSize?: number;
}

/** The file. */
export function writeWithHyparquet(columns: readonly unknown[][], options: HyparquetOptions): Uint8Array {
  const schema: SchemaElement[] = [
    { name: 'schema', num_children: VISIT_SCHEMA.columns.length },
    ...VISIT_SCHEMA.columns.map((column) => schemaElement(column, options.required)),
  ];
  const columnData = columns.map((data, index) => ({ name: COLUMN_NAMES[index] ?? '', data }));
  const rowGroupSize = options.rowGroupSize ?? 1_000_000;
  return new Uint8Array(parquetWriteBuffer({ schema, columnData, rowGroupSize }));
}

function schemaElement({ name, type, nullable }: ColumnSpec, required: boolean): SchemaElement {
  const repetition_type = nullable || !required ? 'OPTIONAL' : 'REQUIRED';
  switch (type) {
    case 'string':
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type };
    case 'int32':
      return { name, type: 'INT32', repetition_type };
    case 'double':
      return { name, type: 'DOUBLE', repetition_type };
    case 'timestamp':
      return {
        name,
        type: 'INT64',
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
        repetition_type,
      };
  }
}

/** What hyparquet-writer takes: the values of each column. */
export function columnsOf(rows: readonly Row[]): unknown[][] {
  return COLUMN_NAMES.map((_, index) => rows.map((row) => row[index]));
}

const PARQUETJS_TYPES = { string: 'UTF8', int32: 'INT32', double: 'DOUBLE', timestamp: 'TIMESTAMP_MICROS' } as const;

/** @param path of the file to make */
export async function writeWithParquetJs(path: string, rows: Iterable<Row>): Promise<void> {
  const fields = VISIT_SCHEMA.columns.map(({ name, type, nullable }) => [
    name,
    { type: PARQUETJS_TYPES[type], compression: 'SNAPPY' as const, optional: nullable },
  ]);
  const file = createWriteStream(path);
  const writer = await parquet.ParquetWriter.openStream(new parquet.ParquetSchema(Object.fromEntries(fields)), file, {
    rowGroupSize: 100_000,
  });
  for (const row of rows) await writer.appendRow(recordOf(row));
  await writer.close();
}

/** Nulls are left out: they are not taken. */
function recordOf(row: Row): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [index, { name, type }] of VISIT_SCHEMA.columns.entries()) {
    const value = row[index];
    if (value !== null && value !== undefined) record[name] = type === 'timestamp' ? BigInt(value) : value;
  }
  return record;
}
