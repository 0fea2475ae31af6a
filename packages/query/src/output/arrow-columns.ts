/** Columns of DuckDB as columns of Arrow. */

import {
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalType,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  makeData,
  TimeMicrosecond,
  TimestampMicrosecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import { toText } from './values.ts';

export interface ArrowColumn {
  readonly type: DataType;
  toData(values: readonly DuckDBValue[]): Data;
}

/**
 * Numbers keep their type; HUGEINT becomes a decimal of 38 digits. Timestamps are microseconds, in UTC when DuckDB knows
 * that they are. What Arrow has no like of is text, as in CSV.
 */
export function arrowColumn(type: DuckDBType): ArrowColumn {
  const id = type.typeId;
  const number = NUMBERS[id];
  if (number !== undefined) return fixed(number.type, number.array, (value) => value as number);
  const big = BIG_NUMBERS[id];
  if (big !== undefined) return fixed(big.type, big.array, toBigint);
  if (id === DuckDBTypeId.BOOLEAN) return booleans;
  if (id === DuckDBTypeId.DATE) return fixed(new DateDay(), Int32Array, (value) => (value as DuckDBDateValue).days);
  if (id === DuckDBTypeId.DECIMAL) {
    const { scale, width } = type as DuckDBDecimalType;
    return decimals(scale, width);
  }
  if (id === DuckDBTypeId.HUGEINT) return decimals(0, HUGEINT_DIGITS);
  if (id === DuckDBTypeId.BLOB) return variable(new Binary(), (value) => (value as DuckDBBlobValue).bytes);
  const encoder = new TextEncoder();
  return variable(new Utf8(), (value) => encoder.encode(toText(value)));
}

const HUGEINT_DIGITS = 38;

type Given = Exclude<DuckDBValue, null>;

const NUMBERS: Readonly<Partial<Record<DuckDBTypeId, { type: DataType; array: NumberArray }>>> = {
  [DuckDBTypeId.TINYINT]: { type: new Int8(), array: Int8Array },
  [DuckDBTypeId.SMALLINT]: { type: new Int16(), array: Int16Array },
  [DuckDBTypeId.INTEGER]: { type: new Int32(), array: Int32Array },
  [DuckDBTypeId.UTINYINT]: { type: new Uint8(), array: Uint8Array },
  [DuckDBTypeId.USMALLINT]: { type: new Uint16(), array: Uint16Array },
  [DuckDBTypeId.UINTEGER]: { type: new Uint32(), array: Uint32Array },
  [DuckDBTypeId.FLOAT]: { type: new Float32(), array: Float32Array },
  [DuckDBTypeId.DOUBLE]: { type: new Float64(), array: Float64Array },
};

const BIG_NUMBERS: Readonly<Partial<Record<DuckDBTypeId, { type: DataType; array: BigArray }>>> = {
  [DuckDBTypeId.BIGINT]: { type: new Int64(), array: BigInt64Array },
  [DuckDBTypeId.UBIGINT]: { type: new Uint64(), array: BigUint64Array },
  [DuckDBTypeId.TIME]: { type: new TimeMicrosecond(), array: BigInt64Array },
  [DuckDBTypeId.TIMESTAMP]: { type: new TimestampMicrosecond(), array: BigInt64Array },
  [DuckDBTypeId.TIMESTAMP_TZ]: { type: new TimestampMicrosecond('UTC'), array: BigInt64Array },
};

type NumberArray = new (length: number) => { [index: number]: number } & ArrayBufferView;
type BigArray = new (length: number) => { [index: number]: bigint } & ArrayBufferView;

function toBigint(value: Given): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue) return value.micros;
  if (value instanceof DuckDBTimeValue) return value.micros;
  throw new TypeError(`${String(value)} is no whole number`);
}

function fixed<T>(
  type: DataType,
  ArrayType: new (length: number) => { [index: number]: T } & ArrayBufferView,
  read: (value: Given) => T,
): ArrowColumn {
  return {
    type,
    toData(values) {
      const data = new ArrayType(values.length);
      values.forEach((value, row) => {
        if (value !== null) data[row] = read(value);
      });
      return makeData({ type, length: values.length, ...nullsOf(values), data } as never);
    },
  };
}

const booleans: ArrowColumn = {
  type: new Bool(),
  toData(values) {
    const data = bitmap(values, (value) => value === true);
    return makeData({ type: new Bool(), length: values.length, ...nullsOf(values), data });
  },
};

const WORDS = 4;

/** 128 bits, two's complement, the lowest 32 first. */
function decimals(scale: number, precision: number): ArrowColumn {
  const type = new Decimal(scale, precision, 128);
  return {
    type,
    toData(values) {
      const data = new Uint32Array(values.length * WORDS);
      values.forEach((value, row) => {
        if (value === null) return;
        const digits = value instanceof DuckDBDecimalValue ? value.value : toBigint(value);
        for (let word = 0; word < WORDS; word += 1) {
          data[row * WORDS + word] = Number((digits >> BigInt(32 * word)) & 0xffff_ffffn);
        }
      });
      return makeData({ type, length: values.length, ...nullsOf(values), data });
    },
  };
}

function variable(type: Utf8 | Binary, read: (value: Given) => Uint8Array): ArrowColumn {
  return {
    type,
    toData(values) {
      const parts = values.map((value) => (value === null ? EMPTY : read(value)));
      const valueOffsets = new Int32Array(values.length + 1);
      parts.forEach((part, row) => {
        valueOffsets[row + 1] = (valueOffsets[row] ?? 0) + part.length;
      });
      const data = new Uint8Array(Buffer.concat(parts));
      return makeData({ type, length: values.length, ...nullsOf(values), valueOffsets, data } as never);
    },
  };
}

const EMPTY = new Uint8Array();

function nullsOf(values: readonly DuckDBValue[]): { nullCount: number; nullBitmap: Uint8Array | null } {
  const nullCount = values.reduce<number>((count, value) => count + (value === null ? 1 : 0), 0);
  return { nullCount, nullBitmap: nullCount === 0 ? null : bitmap(values, (value) => value !== null) };
}

/** The lowest bit of the first byte is the first row. */
function bitmap(values: readonly DuckDBValue[], isSet: (value: DuckDBValue) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, row) => {
    if (isSet(value)) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  });
  return bits;
}
