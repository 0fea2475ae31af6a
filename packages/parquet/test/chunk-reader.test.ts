import { describe, expect, test } from '@jest/globals';
import { concatBytes } from '../src/concat-bytes.ts';
import { compress, decompress } from '../src/encoding/compression.ts';
import { encodeTexts } from '../src/encoding/plain.ts';
import { CODEC, ENCODING, PAGE_TYPE, PHYSICAL_TYPE } from '../src/format/constants.ts';
import type { PhysicalColumn } from '../src/format/physical-column.ts';
import { CorruptParquetError, UnsupportedParquetError } from '../src/index.ts';
import { readChunk } from '../src/read/chunk-reader.ts';
import { encodeStruct } from '../src/thrift/writer.ts';
import { encodeDataPage, encodeDictionaryPage, encodeLevels, type PageContent } from '../src/write/page-writer.ts';

const COUNT: PhysicalColumn = {
  spec: { name: 'count', type: 'int32', nullable: false },
  place: 0,
  type: PHYSICAL_TYPE.INT32,
  optional: false,
};

const NAME: PhysicalColumn = {
  spec: { name: 'name', type: 'string', nullable: true },
  place: 0,
  type: PHYSICAL_TYPE.BYTE_ARRAY,
  optional: true,
};

const { PLAIN, PLAIN_DICTIONARY, BYTE_STREAM_SPLIT } = ENCODING;

function data(values: number, encoding: number, body: readonly number[] | Uint8Array): Uint8Array {
  return page(encodeDataPage, { values, encoding, body: Uint8Array.from(body) });
}

function dictionary(texts: readonly string[], told = texts.length): Uint8Array {
  return page(encodeDictionaryPage, { values: told, encoding: PLAIN, body: encodeTexts(texts).bytes });
}

function page(encode: typeof encodeDataPage, content: PageContent): Uint8Array {
  return concatBytes(encode('uncompressed', content).parts);
}

/** Levels, and then places in the dictionary of one run. */
function places(validity: readonly number[], place: number): Uint8Array {
  const present = validity.filter((level) => level === 1).length;
  const levels = encodeLevels(Uint8Array.from(validity), 0, validity.length);
  return data(validity.length, PLAIN_DICTIONARY, [...levels, 2, present << 1, place]);
}

const read = (column: PhysicalColumn, rows: number, ...pages: readonly Uint8Array[]) =>
  readChunk(column, CODEC.UNCOMPRESSED, concatBytes(pages), rows);

test('the pages of a column are read one after the other', () => {
  expect(read(COUNT, 3, data(2, PLAIN, [1, 0, 0, 0, 2, 0, 0, 0]), data(1, PLAIN, [255, 255, 255, 255]))).toEqual({
    kind: 'number',
    values: Float64Array.of(1, 2, -1),
    validity: undefined,
  });
  expect(read(NAME, 3, dictionary(['a', 'b']), places([1, 0, 1], 1))).toEqual({
    kind: 'string',
    dictionary: ['a', 'b'],
    indices: Int32Array.of(1, -1, 1),
  });
});

describe('a column is damaged whose', () => {
  const one = [1, 0, 0, 0];

  test.each([
    ['page has more bytes than values', () => read(COUNT, 1, data(1, PLAIN, [...one, 0])), 'values in 4 of them'],
    ['page has fewer bytes than values', () => read(COUNT, 2, data(2, PLAIN, one)), 'ends within its values'],
    ['pages have more values than rows', () => read(COUNT, 1, data(1, PLAIN, one), data(1, PLAIN, one)), 'more than 1'],
    ['page alone has more values than rows', () => read(COUNT, 1, data(2 ** 30, PLAIN, one)), 'more than 1 values'],
    ['pages have fewer values than rows', () => read(COUNT, 2, data(1, PLAIN, one)), '1 values for 2 rows'],
    ['page ends too early', () => read(COUNT, 1, data(1, PLAIN, one).subarray(0, -1)), 'longer than its column'],
    ['dictionary is there twice', () => read(NAME, 0, dictionary(['a']), dictionary(['b'])), 'two dictionaries'],
    [
      'dictionary has more texts than it tells',
      () => read(NAME, 0, dictionary(['a', 'b'], 1)),
      'more bytes than texts',
    ],
    ['dictionary has fewer texts than it tells', () => read(NAME, 0, dictionary(['a'], 2)), 'ends within its values'],
    ['value is not in the dictionary', () => read(NAME, 1, dictionary(['a']), places([1], 1)), 'not in the dictionary'],
    ['dictionary is missing', () => read(NAME, 1, places([1], 0)), 'not in the dictionary of 0'],
    ['levels are longer than their page', () => read(NAME, 1, data(1, PLAIN, [9, 0, 0, 0, 2, 1])), 'within its levels'],
    // A level of 2 in a run of one: as a count of values it would be two.
    ['level is neither 0 nor 1', () => read(NAME, 1, data(1, PLAIN, [2, 0, 0, 0, 2, 2])), 'more than 1 bits'],
    ['page has no levels', () => read(NAME, 1, data(1, PLAIN, [2, 0])), 'within its levels'],
  ])('%s', (_, reading, reason) => {
    expect(reading).toThrow(CorruptParquetError);
    expect(reading).toThrow(reason);
    expect(reading).toThrow(/^the column (count|name): /);
  });

  test('compressed page has another size than it tells', () => {
    const content = Uint8Array.of(1, 0, 0, 0);
    for (const [name, codec] of [['snappy', CODEC.SNAPPY] as const, ['zstd', CODEC.ZSTD] as const]) {
      const compressed = compress(name, content);
      for (const told of [3, 5, 1_000_000]) {
        const header = encodeStruct((writer) => {
          writer.i32(1, PAGE_TYPE.DATA_PAGE);
          writer.i32(2, told);
          writer.i32(3, compressed.length);
          writer.struct(5, (special) => {
            for (const [field, value] of [1, PLAIN, ENCODING.RLE, ENCODING.RLE].entries())
              special.i32(field + 1, value);
          });
        });
        const reading = () => readChunk(COUNT, codec, concatBytes([header, compressed]), 1);
        expect(reading).toThrow(CorruptParquetError);
        expect(reading).toThrow(/: a page (does not have the size that it tells|has 4 bytes, and tells|is no ZSTD)/);
      }
    }
  });
});

test('a compressed page that tells of more than its bytes can hold is refused before there is memory for it', () => {
  // 2³¹ − 1 as a varint, and no content.
  const content = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07);
  expect(() => decompress(CODEC.SNAPPY, content, 2 ** 31 - 1)).toThrow(CorruptParquetError);
  expect(() => decompress(CODEC.SNAPPY, content, 2 ** 31 - 1)).toThrow('a page of 2147483647 bytes is cut off');
  for (const byte of [0, 255]) {
    const same = new Uint8Array(1_000_000).fill(byte);
    expect(Buffer.compare(decompress(CODEC.SNAPPY, compress('snappy', same), same.length), same)).toBe(0);
  }
});

test('an encoding that is not known here is refused by its name', () => {
  const reading = () => read(COUNT, 1, data(1, BYTE_STREAM_SPLIT, [1, 0, 0, 0]));
  expect(reading).toThrow(UnsupportedParquetError);
  expect(reading).toThrow('the column count: a page of numbers has the encoding BYTE_STREAM_SPLIT');
});
