import { decodeDeltaLengths, decodeDeltaTexts } from '../encoding/delta-reader.ts';
import { readTexts } from '../encoding/plain.ts';
import { CorruptParquetError, UnsupportedParquetError } from '../errors.ts';
import { ENCODING, nameOf } from '../format/constants.ts';
import { NULL_INDEX } from '../table.ts';
import type { ChunkPages } from './chunk-pages.ts';
import { readPlaces } from './dictionary-places.ts';

export function createTextPages(rows: number): ChunkPages {
  const indices = new Int32Array(rows);
  const texts: string[] = [];
  /** Where each text is among them; made for pages that bring texts of their own. */
  let places: Map<string, number> | undefined;
  let hasDictionary = false;

  function placeOf(text: string): number {
    places ??= new Map(texts.map((known, place) => [known, place]));
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, texts.length);
    return texts.push(text) - 1;
  }

  return {
    values: indices,
    nullValue: NULL_INDEX,
    readDictionary({ values, bytes }) {
      if (hasDictionary) throw new CorruptParquetError('there are two dictionaries');
      hasDictionary = true;
      const end = readTexts(bytes, 0, values, (text) => texts.push(text));
      if (end !== bytes.length) throw new CorruptParquetError('the dictionary has more bytes than texts');
    },
    readValues({ encoding, bytes, position, present }, row) {
      let next = row;
      const take = (text: string) => {
        indices[next] = placeOf(text);
        next += 1;
      };
      switch (encoding) {
        case ENCODING.PLAIN_DICTIONARY:
        case ENCODING.RLE_DICTIONARY:
          return readPlaces(bytes, position, indices, row, present, hasDictionary ? texts.length : 0);
        case ENCODING.PLAIN:
          return readTexts(bytes, position, present, take);
        case ENCODING.DELTA_LENGTH_BYTE_ARRAY:
          return decodeDeltaLengths(bytes, position, present, take);
        case ENCODING.DELTA_BYTE_ARRAY:
          return decodeDeltaTexts(bytes, position, present, take);
        default:
          throw new UnsupportedParquetError(`a page of texts has the encoding ${nameOf(ENCODING, encoding)}`);
      }
    },
    build: () => ({ kind: 'string', dictionary: texts, indices }),
  };
}
