/**
 * Reads structs of Thrift's compact protocol, and tells where each value lies, so that bytes can go over as they are.
 *
 * Whatever the bytes are, a read ends with a value or with `CorruptParquetError`.
 */

import { CorruptParquetError } from '../errors.ts';
import { THRIFT } from './types.ts';

export interface ThriftReader {
  /** Of the next byte that will be read. */
  readonly position: number;
  /** Of the value that is read next. */
  readonly type: number;
  /** Calls `visit` for each field. A value that `visit` does not read is skipped. */
  struct(visit: (field: number) => void): void;
  /** Calls `visit` for each element. An element that `visit` does not read is skipped. */
  list(visit: (index: number) => void): void;
  /** A number of any width, which is refused when it is not a safe integer. */
  integer(): number;
  bool(): boolean;
  /** A view of the bytes, not a copy. */
  binary(): Uint8Array;
  text(): string;
  skip(): void;
}

/** Nothing in a Parquet footer is nearly as deep; bytes that are none may be. */
const MAX_DEPTH = 32;
const MAX_VARINT_BYTES = 10;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** @param what the bytes are, in words for an error: `the footer` */
export function createThriftReader(bytes: Uint8Array, what: string, start = 0): ThriftReader {
  let position = start;
  let type: number = THRIFT.struct;
  let depth = 0;

  function fail(problem: string): never {
    throw new CorruptParquetError(`${what} is damaged: ${problem} at its byte ${position}`);
  }

  function byte(): number {
    const value = bytes[position];
    if (value === undefined) return fail('it ends too early');
    position += 1;
    return value;
  }

  /** Exact up to 2⁵³; what is larger is refused. */
  function varint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < MAX_VARINT_BYTES; read += 1) {
      const next = byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return Number.isSafeInteger(value) ? value : fail('a number is too large');
      scale *= 128;
    }
    return fail('a number has no end');
  }

  function zigzag(): number {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  function skipBytes(count: number): void {
    if (count > bytes.length - position) fail('a value is longer than what is left');
    position += count;
  }

  function skipVarint(): void {
    for (let read = 0; read < MAX_VARINT_BYTES; read += 1) if (byte() < 0x80) return;
    fail('a number has no end');
  }

  function within(read: () => void): void {
    depth += 1;
    if (depth > MAX_DEPTH) fail('it is nested too deeply');
    read();
    depth -= 1;
  }

  function expect(...types: readonly number[]): void {
    if (!types.includes(type)) fail(`a value has the type ${type}`);
  }

  function struct(visit: (field: number) => void): void {
    expect(THRIFT.struct);
    within(() => {
      for (let field = 0; ; ) {
        const header = byte();
        const fieldType = header & 0x0f;
        if (fieldType === THRIFT.stop) return;
        field = header >> 4 === 0 ? zigzag() : field + (header >> 4);
        type = fieldType;
        const before = position;
        visit(field);
        type = fieldType;
        if (position === before) skip();
      }
    });
  }

  function list(visit: (index: number) => void): void {
    expect(THRIFT.list, THRIFT.set);
    within(() => {
      const header = byte();
      const size = header >> 4 === 15 ? varint() : header >> 4;
      for (let index = 0; index < size; index += 1) {
        type = header & 0x0f;
        const before = position;
        visit(index);
        type = header & 0x0f;
        if (position > before) continue;
        if (type === THRIFT.true || type === THRIFT.false) skipBytes(1);
        else skip();
      }
    });
  }

  function skip(): void {
    switch (type) {
      case THRIFT.true:
      case THRIFT.false:
        break;
      case THRIFT.byte:
        skipBytes(1);
        break;
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        skipVarint();
        break;
      case THRIFT.double:
        skipBytes(8);
        break;
      case THRIFT.binary:
        skipBytes(varint());
        break;
      case THRIFT.list:
      case THRIFT.set:
        list(() => undefined);
        break;
      case THRIFT.struct:
        struct(() => undefined);
        break;
      default:
        // Maps are among them: Parquet's structs have none.
        fail(`a value has the type ${type}`);
    }
  }

  function binary(): Uint8Array {
    expect(THRIFT.binary);
    const length = varint();
    const from = position;
    skipBytes(length);
    return bytes.subarray(from, position);
  }

  return {
    get position() {
      return position;
    },
    get type() {
      return type;
    },
    struct,
    list,
    integer() {
      expect(THRIFT.byte, THRIFT.i16, THRIFT.i32, THRIFT.i64);
      // Eight bits stand as they are.
      return type === THRIFT.byte ? (byte() << 24) >> 24 : zigzag();
    },
    bool() {
      expect(THRIFT.true, THRIFT.false);
      return type === THRIFT.true;
    },
    binary,
    text: () => utf8.decode(binary()),
    skip,
  };
}
