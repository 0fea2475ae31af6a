/** Files of the visit schema as other programs write them. */

import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ByteWriter, type ColumnSource, type ParquetWriteOptions, ParquetWriter } from 'hyparquet-writer';
import parquetjs from 'parquetjs-lite';
import type { ColumnSpec, Row, Value } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/index.ts';

type Columns = readonly ColumnSpec[];
type SchemaElement = NonNullable<ParquetWriteOptions['schema']>[number];
type Encoding = NonNullable<ColumnSource['encoding']>;
/** With what is taken away from an element, too. */
type ElementChange = { readonly [Key in keyof SchemaElement]?: SchemaElement[Key] | undefined };

export interface HyparquetOptions {
  /** In the order that the file shall have. */
  readonly columns?: Columns;
  /** Whether all are OPTIONAL, as Polars has them. */
  readonly optional?: boolean;
  /** Changes of the schema, by name. */
  readonly elements?: Readonly<Record<string, ElementChange>>;
  readonly source?: Partial<ColumnSource>;
  /** Of some columns, by name. */
  readonly encodings?: Readonly<Record<string, Encoding>>;
  readonly statistics?: boolean;
  /** Bytes. Indexes are written only where there is more than one page. */
  readonly pageSize?: number;
}

/** Data pages of version 2; a row group for each list of rows, as they come. */
export function writeByHyparquet(groups: readonly (readonly Row[])[], options: HyparquetOptions = {}): Uint8Array {
  const {
    columns = VISIT_SCHEMA.columns,
    optional = false,
    elements = {},
    source = {},
    encodings = {},
    statistics = true,
    pageSize = 1_000_000,
  } = options;
  const writer = new ByteWriter();
  const schema: SchemaElement[] = [
    { name: 'schema', num_children: columns.length },
    ...columns.map((spec) => changed(elementOf(spec, optional), elements[spec.name])),
  ];
  const file = new ParquetWriter({ writer, schema, statistics });
  const rows = groups.flat();
  file.write({
    columnData: columns.map((spec) => {
      const encoding = encodings[spec.name];
      const column = { name: spec.name, data: valuesOf(spec, rows, elements[spec.name]?.type), ...source };
      return encoding === undefined ? column : { ...column, encoding };
    }),
    pageSize,
    // It takes no empty list.
    rowGroupSize: rows.length === 0 ? 1 : groups.map((group) => group.length),
  });
  file.finish();
  return writer.getBytes().slice();
}

function elementOf({ name, type, nullable }: ColumnSpec, optional: boolean): SchemaElement {
  const repetition_type = nullable || optional ? 'OPTIONAL' : 'REQUIRED';
  if (type === 'int32') return { name, type: 'INT32', repetition_type };
  if (type === 'double') return { name, type: 'DOUBLE', repetition_type };
  if (type === 'string') {
    return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type };
  }
  const logical_type = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } as const;
  return { name, type: 'INT64', converted_type: 'TIMESTAMP_MICROS', logical_type, repetition_type };
}

function changed(element: SchemaElement, changes: ElementChange = {}): SchemaElement {
  const entries = Object.entries({ ...element, ...changes }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(entries), name: element.name };
}

function valuesOf({ name, type }: ColumnSpec, rows: readonly Row[], physicalType: string | undefined) {
  const place = VISIT_SCHEMA.columns.findIndex((spec) => spec.name === name);
  const values = rows.map((row): Value => row[place] ?? null);
  return type === 'timestamp' || physicalType === 'INT64'
    ? values.map((value) => (value === null ? null : BigInt(value)))
    : values;
}

/** Its timestamps have no logical type; pages of version 1, without dictionaries. */
export async function writeByParquetjs(rows: readonly Row[]): Promise<Uint8Array> {
  const types = { string: 'UTF8', int32: 'INT32', double: 'DOUBLE', timestamp: 'TIMESTAMP_MICROS' } as const;
  const fields = VISIT_SCHEMA.columns.map(({ name, type, nullable }) => [
    name,
    { type: types[type], optional: nullable, compression: 'SNAPPY' as const },
  ]);
  const stream = new PassThrough();
  const whole = buffer(stream);
  const writer = await parquetjs.ParquetWriter.openStream(
    new parquetjs.ParquetSchema(Object.fromEntries(fields)),
    stream,
  );
  for (const row of rows) {
    const present = VISIT_SCHEMA.columns
      .map(({ name }, index) => [name, row[index]])
      .filter(([, value]) => value !== null);
    await writer.appendRow(Object.fromEntries(present));
  }
  await writer.close();
  return Uint8Array.from(await whole);
}

/** Its timestamps are milliseconds; what is null is not there. */
export async function readByParquetjs(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const reader = await parquetjs.ParquetReader.openBuffer(Buffer.from(bytes));
  const cursor = reader.getCursor();
  const rows: Record<string, unknown>[] = [];
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push(row);
  await reader.close();
  return rows;
}
