/** Whether a file holds the table that we mean, and how. */

import { UnsupportedParquetError } from '../errors.ts';
import { CONVERTED_TYPE, LOGICAL_TYPE, nameOf, PHYSICAL_TYPE, REPETITION, TIME_UNIT } from '../format/constants.ts';
import type { PhysicalColumn, PhysicalType } from '../format/physical-column.ts';
import type { ColumnSpec, TableSchema } from '../table-schema.ts';
import type { SchemaElement } from './schema-element.ts';

/**
 * The columns in the order of the file.
 *
 * A column may be OPTIONAL that is never null, and whole numbers may have 64 bits in place of 32: what is written later is
 * so too. Everything else must be as the schema has it.
 *
 * @throws UnsupportedParquetError naming every column that is missing, too much or of another type
 */
export function matchSchema(elements: readonly SchemaElement[], schema: TableSchema): readonly PhysicalColumn[] {
  const [root, ...leaves] = elements;
  if (root?.children !== leaves.length || leaves.some(isNested)) {
    throw new UnsupportedParquetError('the file has nested columns, where a table has none');
  }
  const problems: string[] = [];
  const columns: PhysicalColumn[] = [];
  for (const element of leaves) {
    const place = schema.columns.findIndex(({ name }) => name === element.name);
    const spec = schema.columns[place];
    if (spec === undefined) problems.push(`the column ${element.name} is not one of the table`);
    else if (columns.some((column) => column.place === place)) problems.push(`the column ${spec.name} is there twice`);
    else {
      const type = physicalType(spec, element);
      if (type === undefined) {
        problems.push(`the column ${spec.name} has the type ${described(element)}, where the table has ${spec.type}`);
      } else if (spec.nullable && element.repetition === REPETITION.REQUIRED) {
        problems.push(`the column ${spec.name} is REQUIRED, where the table has nulls`);
      } else columns.push({ spec, place, type, optional: element.repetition === REPETITION.OPTIONAL });
    }
  }
  for (const { name } of schema.columns) {
    if (!leaves.some((element) => element.name === name)) problems.push(`the column ${name} is missing`);
  }
  if (problems.length > 0) throw new UnsupportedParquetError(problems.join('; '));
  return columns;
}

function isNested({ type, children, repetition }: SchemaElement): boolean {
  const isFlat = repetition === REPETITION.REQUIRED || repetition === REPETITION.OPTIONAL;
  return type === undefined || children !== 0 || !isFlat;
}

/** Undefined when the element's values are not those of the column. */
function physicalType(spec: ColumnSpec, element: SchemaElement): PhysicalType | undefined {
  const isFitting = fits[spec.type];
  return isFitting(element) ? (element.type as PhysicalType) : undefined;
}

const fits: Readonly<Record<ColumnSpec['type'], (element: SchemaElement) => boolean>> = {
  string: ({ type, convertedType, logicalType }) =>
    type === PHYSICAL_TYPE.BYTE_ARRAY &&
    (logicalType === undefined ? convertedType === CONVERTED_TYPE.UTF8 : logicalType.kind === LOGICAL_TYPE.STRING),
  int32: (element) => isWhole(element, PHYSICAL_TYPE.INT32, 32) || isWhole(element, PHYSICAL_TYPE.INT64, 64),
  double: ({ type, convertedType, logicalType }) =>
    type === PHYSICAL_TYPE.DOUBLE && convertedType === undefined && logicalType === undefined,
  // Without a logical type it is in UTC: the converted type has no other.
  timestamp: ({ type, convertedType, logicalType }) =>
    type === PHYSICAL_TYPE.INT64 &&
    (logicalType === undefined
      ? convertedType === CONVERTED_TYPE.TIMESTAMP_MICROS
      : logicalType.kind === LOGICAL_TYPE.TIMESTAMP && logicalType.isUtc && logicalType.unit === TIME_UNIT.MICROS),
};

function isWhole({ type, convertedType, logicalType }: SchemaElement, physical: number, bits: number): boolean {
  if (type !== physical) return false;
  if (logicalType !== undefined) {
    return logicalType.kind === LOGICAL_TYPE.INTEGER && logicalType.bits === bits && logicalType.isSigned;
  }
  const signed = bits === 32 ? CONVERTED_TYPE.INT_32 : CONVERTED_TYPE.INT_64;
  return convertedType === undefined || convertedType === signed;
}

/** `INT64 TIMESTAMP(MILLIS, isAdjustedToUTC=false)` */
function described({ type, convertedType, logicalType }: SchemaElement): string {
  const physical = nameOf(PHYSICAL_TYPE, type ?? -1);
  if (logicalType === undefined) {
    return convertedType === undefined ? physical : `${physical} ${nameOf(CONVERTED_TYPE, convertedType)}`;
  }
  const { kind, unit = 0, isUtc, bits, isSigned } = logicalType;
  const logical = nameOf(LOGICAL_TYPE, kind);
  if (kind === LOGICAL_TYPE.TIMESTAMP) {
    return `${physical} ${logical}(${nameOf(TIME_UNIT, unit)}, isAdjustedToUTC=${isUtc})`;
  }
  if (kind === LOGICAL_TYPE.INTEGER) return `${physical} ${logical}(${bits}, signed=${isSigned})`;
  return `${physical} ${logical}`;
}
