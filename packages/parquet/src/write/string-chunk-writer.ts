import type { Codec } from '../encoding/compression.ts';
import { bitWidth, encodeHybrid, hybridBound } from '../encoding/hybrid.ts';
import { type EncodedTexts, encodeTexts, LENGTH_BYTES } from '../encoding/plain.ts';
import { ENCODING } from '../format/constants.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import { NULL_INDEX, type StringColumn } from '../table.ts';
import { assertNoNulls, dataPage, type EncodedChunk, type PageRange, pageRanges } from './encoded-chunk.ts';
import { encodeDictionaryPage } from './page-writer.ts';
import { textStatistics } from './statistics.ts';

/** As parquet-mr has them. Both are what a reader must hold at a time. */
const MAX_DICTIONARY_BYTES = 1_048_576;
const MAX_PAGE_BYTES = 1_048_576;

/** A column chunk of texts: a dictionary and places in it, or the texts themselves where a dictionary is no gain. */
export function encodeStringChunk(column: PhysicalColumn, data: StringColumn, codec: Codec): EncodedChunk {
  const { texts, places, validity } = usedTexts(data);
  const rows = data.indices.length;
  const nulls = rows - places.length;
  assertNoNulls(column, nulls);
  const encoded = encodeTexts(texts);
  const ranges = pageRanges(rows, validity);
  const chunk = { column, values: rows, codec, statistics: textStatistics(texts, nulls) };
  if (paysOff(encoded, places)) {
    const width = bitWidth(texts.length);
    const encoding = ENCODING.PLAIN_DICTIONARY;
    return {
      ...chunk,
      dictionary: encodeDictionaryPage(codec, { values: texts.length, encoding, body: encoded.bytes }),
      pages: ranges.map((range) =>
        dataPage(codec, column, validity, range, encoding, packedPlaces(places, range, width)),
      ),
      encodings: ranges.map(() => encoding),
    };
  }
  const pages = ranges
    .flatMap((range) => splitByBytes(range, encoded, places, validity))
    .map((range) => dataPage(codec, column, validity, range, ENCODING.PLAIN, plainTexts(encoded, places, range)));
  return { ...chunk, dictionary: undefined, pages, encodings: pages.map(() => ENCODING.PLAIN) };
}

interface UsedTexts {
  /** In the order of their first use. */
  readonly texts: readonly string[];
  /** For each row that has a text, its place among them. */
  readonly places: Int32Array;
  /** Undefined when no row is null. */
  readonly validity: Uint8Array | undefined;
}

function usedTexts({ dictionary, indices }: StringColumn): UsedTexts {
  const UNUSED = -1;
  const placeOf = new Int32Array(dictionary.length).fill(UNUSED);
  const texts: string[] = [];
  const places = new Int32Array(indices.length);
  let count = 0;
  for (let row = 0; row < indices.length; row += 1) {
    const index = indices[row] ?? NULL_INDEX;
    if (index === NULL_INDEX) continue;
    let place = placeOf[index] ?? UNUSED;
    if (place === UNUSED) {
      place = texts.length;
      placeOf[index] = place;
      texts.push(dictionary[index] ?? '');
    }
    places[count] = place;
    count += 1;
  }
  const hasNulls = count < indices.length;
  return { texts, places: places.subarray(0, count), validity: hasNulls ? validityOf(indices) : undefined };
}

function validityOf(indices: Int32Array): Uint8Array {
  const validity = new Uint8Array(indices.length);
  for (let row = 0; row < indices.length; row += 1) validity[row] = indices[row] === NULL_INDEX ? 0 : 1;
  return validity;
}

function paysOff(encoded: EncodedTexts, places: Int32Array): boolean {
  const { bytes, starts } = encoded;
  if (places.length === 0 || bytes.length > MAX_DICTIONARY_BYTES) return false;
  const dictionaryBytes = bytes.length + (places.length * bitWidth(starts.length - 1)) / 8;
  // Lengths alone are often more, and nothing needs to be counted.
  return dictionaryBytes <= LENGTH_BYTES * places.length || dictionaryBytes <= plainBytes(encoded, places);
}

function plainBytes({ starts }: EncodedTexts, places: Int32Array): number {
  let bytes = 0;
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] ?? 0;
    bytes += (starts[place + 1] ?? 0) - (starts[place] ?? 0);
  }
  return bytes;
}

/** The width of the places, and then the places. */
function packedPlaces(places: Int32Array, { startValue, endValue }: PageRange, width: number): Uint8Array {
  const bytes = new Uint8Array(1 + hybridBound(endValue - startValue, width));
  bytes[0] = width;
  return bytes.subarray(0, encodeHybrid(places, startValue, endValue, width, bytes, 1));
}

function plainTexts(encoded: EncodedTexts, places: Int32Array, range: PageRange): Uint8Array {
  const { bytes, starts } = encoded;
  const used = places.subarray(range.startValue, range.endValue);
  const plain = new Uint8Array(plainBytes(encoded, used));
  let position = 0;
  for (const place of used) {
    const end = starts[place + 1] ?? 0;
    for (let from = starts[place] ?? 0; from < end; from += 1, position += 1) plain[position] = bytes[from] ?? 0;
  }
  return plain;
}

/** Cuts a page where it would be too large. One text that is too large is a page of its own. */
function splitByBytes(
  range: PageRange,
  { starts }: EncodedTexts,
  places: Int32Array,
  validity: Uint8Array | undefined,
): PageRange[] {
  const ranges: PageRange[] = [];
  let { startRow, startValue } = range;
  let bytes = 0;
  for (let row = range.startRow, value = startValue; row < range.endRow; row += 1) {
    if (validity?.[row] === 0) continue;
    const place = places[value] ?? 0;
    const size = (starts[place + 1] ?? 0) - (starts[place] ?? 0);
    if (bytes + size > MAX_PAGE_BYTES && row > startRow) {
      ranges.push({ startRow, endRow: row, startValue, endValue: value });
      startRow = row;
      startValue = value;
      bytes = 0;
    }
    bytes += size;
    value += 1;
  }
  return [...ranges, { ...range, startRow, startValue }];
}
