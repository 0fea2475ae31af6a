/** Writes one struct of Thrift's compact protocol. Fields are written in rising order of their numbers. */

import { THRIFT } from './types.ts';

export interface ThriftWriter {
  i16(field: number, value: number): void;
  i32(field: number, value: number): void;
  /** A safe integer. */
  i64(field: number, value: number): void;
  bool(field: number, value: boolean): void;
  binary(field: number, value: Uint8Array | string): void;
  struct(field: number, write: (writer: ThriftWriter) => void): void;
  i32List(field: number, values: readonly number[]): void;
  textList(field: number, values: readonly string[]): void;
  structList<T>(field: number, items: readonly T[], write: (writer: ThriftWriter, item: T) => void): void;
  /** A list of structs that are encoded already. */
  encodedList(field: number, structs: readonly Uint8Array[]): void;
  /** A value that is encoded already. */
  encoded(field: number, type: number, value: Uint8Array): void;
}

const FIRST_CAPACITY = 256;

export function encodeStruct(write: (writer: ThriftWriter) => void): Uint8Array {
  let bytes = new Uint8Array(FIRST_CAPACITY);
  let length = 0;
  let lastField = 0;

  function reserve(count: number): void {
    if (length + count <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, length + count));
    larger.set(bytes);
    bytes = larger;
  }

  function byte(value: number): void {
    reserve(1);
    bytes[length] = value;
    length += 1;
  }

  function raw(value: Uint8Array): void {
    reserve(value.length);
    bytes.set(value, length);
    length += value.length;
  }

  function varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    byte(rest);
  }

  function zigzag(value: number): void {
    if (Math.abs(value) <= 2 ** 51) varint(value < 0 ? -2 * value - 1 : 2 * value);
    else bigVarint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));
  }

  function bigVarint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    byte(Number(rest));
  }

  function header(field: number, type: number): void {
    const delta = field - lastField;
    if (delta > 0 && delta < 16) byte((delta << 4) | type);
    else {
      byte(type);
      zigzag(field);
    }
    lastField = field;
  }

  function listHeader(field: number, elementType: number, size: number): void {
    header(field, THRIFT.list);
    if (size < 15) byte((size << 4) | elementType);
    else {
      byte(0xf0 | elementType);
      varint(size);
    }
  }

  function integer(field: number, type: number, value: number): void {
    header(field, type);
    zigzag(value);
  }

  function binaryValue(value: Uint8Array | string): void {
    const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    varint(content.length);
    raw(content);
  }

  function structValue(writeFields: (writer: ThriftWriter) => void): void {
    const outerField = lastField;
    lastField = 0;
    writeFields(writer);
    byte(THRIFT.stop);
    lastField = outerField;
  }

  const writer: ThriftWriter = {
    i16: (field, value) => integer(field, THRIFT.i16, value),
    i32: (field, value) => integer(field, THRIFT.i32, value),
    i64: (field, value) => integer(field, THRIFT.i64, value),
    bool: (field, value) => header(field, value ? THRIFT.true : THRIFT.false),
    binary(field, value) {
      header(field, THRIFT.binary);
      binaryValue(value);
    },
    struct(field, writeFields) {
      header(field, THRIFT.struct);
      structValue(writeFields);
    },
    i32List(field, values) {
      listHeader(field, THRIFT.i32, values.length);
      for (const value of values) zigzag(value);
    },
    textList(field, values) {
      listHeader(field, THRIFT.binary, values.length);
      for (const value of values) binaryValue(value);
    },
    structList(field, items, writeItem) {
      listHeader(field, THRIFT.struct, items.length);
      for (const item of items) structValue((inner) => writeItem(inner, item));
    },
    encodedList(field, structs) {
      listHeader(field, THRIFT.struct, structs.length);
      for (const struct of structs) raw(struct);
    },
    encoded(field, type, value) {
      header(field, type);
      raw(value);
    },
  };
  structValue(write);
  return bytes.slice(0, length);
}
