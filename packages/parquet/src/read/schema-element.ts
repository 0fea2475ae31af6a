import { LOGICAL_TYPE } from '../format/constants.ts';
import type { ThriftReader } from '../thrift/reader.ts';

/** The struct SchemaElement: numbers are those of `format/constants.ts`. */
export interface SchemaElement {
  readonly name: string;
  /** Undefined for the root and other groups. */
  readonly type: number | undefined;
  readonly repetition: number | undefined;
  readonly children: number;
  readonly convertedType: number | undefined;
  readonly logicalType: LogicalType | undefined;
}

interface LogicalType {
  readonly kind: number;
  /** Of timestamps. */
  readonly isUtc: boolean;
  readonly unit: number | undefined;
  /** Of integers. */
  readonly bits: number | undefined;
  readonly isSigned: boolean;
}

export function readSchemaElement(reader: ThriftReader): SchemaElement {
  let element: SchemaElement = {
    name: '',
    type: undefined,
    repetition: undefined,
    children: 0,
    convertedType: undefined,
    logicalType: undefined,
  };
  reader.struct((field) => {
    if (field === 1) element = { ...element, type: reader.integer() };
    else if (field === 3) element = { ...element, repetition: reader.integer() };
    else if (field === 4) element = { ...element, name: reader.text() };
    else if (field === 5) element = { ...element, children: reader.integer() };
    else if (field === 6) element = { ...element, convertedType: reader.integer() };
    else if (field === 10) element = { ...element, logicalType: readLogicalType(reader) };
  });
  return element;
}

function readLogicalType(reader: ThriftReader): LogicalType {
  let type: LogicalType = { kind: 0, isUtc: false, unit: undefined, bits: undefined, isSigned: false };
  reader.struct((kind) => {
    type = { ...type, kind };
    reader.struct((field) => {
      if (kind === LOGICAL_TYPE.TIMESTAMP && field === 1) type = { ...type, isUtc: reader.bool() };
      else if (kind === LOGICAL_TYPE.TIMESTAMP && field === 2) type = { ...type, unit: readUnion(reader) };
      else if (kind === LOGICAL_TYPE.INTEGER && field === 1) type = { ...type, bits: reader.integer() };
      else if (kind === LOGICAL_TYPE.INTEGER && field === 2) type = { ...type, isSigned: reader.bool() };
    });
  });
  return type;
}

/** @returns which member of the union is set */
function readUnion(reader: ThriftReader): number | undefined {
  let member: number | undefined;
  reader.struct((field) => {
    member = field;
  });
  return member;
}
