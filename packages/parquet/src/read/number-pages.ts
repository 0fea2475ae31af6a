import { decodeDelta } from '../encoding/delta-reader.ts';
import { type NumberType, numberBytes, readNumbers } from '../encoding/plain.ts';
import { CorruptParquetError, UnsupportedParquetError } from '../errors.ts';
import { ENCODING, nameOf, PHYSICAL_TYPE } from '../format/constants.ts';
import type { ColumnType } from '../table-schema.ts';
import type { ChunkPages } from './chunk-pages.ts';
import { readPlaces } from './dictionary-places.ts';

export function createNumberPages(columnType: ColumnType, type: NumberType, rows: number): ChunkPages {
  const values = new Float64Array(rows);
  let dictionary: Float64Array | undefined;

  function readFromDictionary(bytes: Uint8Array, position: number, row: number, present: number): number {
    const places = new Int32Array(present);
    const end = readPlaces(bytes, position, places, 0, present, dictionary?.length ?? 0);
    for (let index = 0; index < present; index += 1) values[row + index] = dictionary?.[places[index] ?? 0] ?? 0;
    return end;
  }

  return {
    values,
    nullValue: 0,
    readDictionary({ values: count, bytes }) {
      if (dictionary !== undefined) throw new CorruptParquetError('there are two dictionaries');
      // The bytes are counted first: a damaged page may tell of billions of values.
      if (count * numberBytes(type) !== bytes.length) {
        throw new CorruptParquetError(`the dictionary has ${bytes.length} bytes for ${count} values`);
      }
      dictionary = new Float64Array(count);
      readNumbers(type, bytes, 0, dictionary, 0, count);
    },
    readValues({ encoding, bytes, position, present }, row) {
      switch (encoding) {
        case ENCODING.PLAIN:
          readNumbers(type, bytes, position, values, row, present);
          return position + present * numberBytes(type);
        case ENCODING.PLAIN_DICTIONARY:
        case ENCODING.RLE_DICTIONARY:
          return readFromDictionary(bytes, position, row, present);
        case ENCODING.DELTA_BINARY_PACKED:
          // A page without values may be without their header.
          return present === 0 ? bytes.length : decodeDelta(bytes, position, values, row, present);
        default:
          throw new UnsupportedParquetError(`a page of numbers has the encoding ${nameOf(ENCODING, encoding)}`);
      }
    },
    build(validity) {
      if (type === PHYSICAL_TYPE.INT64) assertInRange(values, columnType);
      return { kind: 'number', values, validity };
    },
  };
}

/** Whole numbers of 64 bits may be more than the column holds. */
function assertInRange(values: Float64Array, type: ColumnType): void {
  const [min, max] = type === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? 0;
    if (value < min || value > max)
      throw new UnsupportedParquetError(`it has the value ${value}, more than it may hold`);
  }
}
