/** A column of a table as a file has it. */

import type { NumberType } from '../encoding/plain.ts';
import type { ColumnSpec, ColumnType, TableSchema } from '../table-schema.ts';
import type { ThriftWriter } from '../thrift/writer.ts';
import { CONVERTED_TYPE, LOGICAL_TYPE, PHYSICAL_TYPE, REPETITION, TIME_UNIT } from './constants.ts';

export interface PhysicalColumn {
  readonly spec: ColumnSpec;
  /** Its place among the columns of the schema; the file may have them in another order. */
  readonly place: number;
  readonly type: PhysicalType;
  /** OPTIONAL: there is a level for each value, which tells whether it is there. */
  readonly optional: boolean;
}

export type PhysicalType = NumberType | typeof PHYSICAL_TYPE.BYTE_ARRAY;

const PHYSICAL_TYPES: Readonly<Record<ColumnType, PhysicalType>> = {
  string: PHYSICAL_TYPE.BYTE_ARRAY,
  int32: PHYSICAL_TYPE.INT32,
  double: PHYSICAL_TYPE.DOUBLE,
  timestamp: PHYSICAL_TYPE.INT64,
};

/** The columns of a file that is written anew, in the order of the schema. */
export function physicalColumns(schema: TableSchema): readonly PhysicalColumn[] {
  return schema.columns.map((spec, place) => ({
    spec,
    place,
    type: PHYSICAL_TYPES[spec.type],
    optional: spec.nullable,
  }));
}

/** Writes the list of SchemaElement: the root, and its children. */
export function writeSchema(writer: ThriftWriter, field: number, columns: readonly PhysicalColumn[]): void {
  writer.structList(field, [undefined, ...columns], (element, column) => {
    if (column === undefined) {
      element.binary(4, 'schema');
      element.i32(5, columns.length);
    } else writeColumn(element, column);
  });
}

function writeColumn(element: ThriftWriter, { spec, type, optional }: PhysicalColumn): void {
  element.i32(1, type);
  element.i32(3, optional ? REPETITION.OPTIONAL : REPETITION.REQUIRED);
  element.binary(4, spec.name);
  if (spec.type === 'string') {
    element.i32(6, CONVERTED_TYPE.UTF8);
    element.struct(10, (logicalType) => logicalType.struct(LOGICAL_TYPE.STRING, () => undefined));
  } else if (spec.type === 'timestamp') {
    element.i32(6, CONVERTED_TYPE.TIMESTAMP_MICROS);
    element.struct(10, (logicalType) =>
      logicalType.struct(LOGICAL_TYPE.TIMESTAMP, (timestamp) => {
        timestamp.bool(1, true);
        timestamp.struct(2, (unit) => unit.struct(TIME_UNIT.MICROS, () => undefined));
      }),
    );
  }
}
