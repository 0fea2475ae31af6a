/** Pages of the format's first version: a header, and a compressed body of levels and values. */

import { crc32 } from 'node:zlib';
import { type Codec, compress } from '../encoding/compression.ts';
import { encodeHybrid, hybridBound } from '../encoding/hybrid.ts';
import { ENCODING, PAGE_TYPE } from '../format/constants.ts';
import { encodeStruct } from '../thrift/writer.ts';

export interface EncodedPage {
  readonly parts: readonly Uint8Array[];
  /** With the header, as column chunks count them. */
  readonly bytes: number;
  readonly uncompressedBytes: number;
}

export interface PageContent {
  /** Nulls are counted. */
  readonly values: number;
  readonly encoding: number;
  readonly body: Uint8Array;
}

export function encodeDataPage(codec: Codec, { values, encoding, body }: PageContent): EncodedPage {
  const { RLE } = ENCODING;
  return encodePage(codec, PAGE_TYPE.DATA_PAGE, 5, body, [values, encoding, RLE, RLE]);
}

export function encodeDictionaryPage(codec: Codec, { values, encoding, body }: PageContent): EncodedPage {
  return encodePage(codec, PAGE_TYPE.DICTIONARY_PAGE, 7, body, [values, encoding]);
}

/** @param fields of the header that is special to the type, numbered from 1 */
function encodePage(
  codec: Codec,
  type: number,
  specialField: number,
  body: Uint8Array,
  fields: readonly number[],
): EncodedPage {
  const compressed = compress(codec, body);
  const header = encodeStruct((writer) => {
    writer.i32(1, type);
    writer.i32(2, body.length);
    writer.i32(3, compressed.length);
    writer.i32(4, crc32(compressed) | 0);
    writer.struct(specialField, (special) => {
      for (const [index, value] of fields.entries()) special.i32(index + 1, value);
    });
  });
  return {
    parts: [header, compressed],
    bytes: header.length + compressed.length,
    uncompressedBytes: header.length + body.length,
  };
}

/** Bytes of the length of levels. */
const LENGTH_BYTES = 4;

/** The definition levels of rows `start` to `end`: 1 where there is a value, and their length before them. */
export function encodeLevels(validity: Uint8Array | undefined, start: number, end: number): Uint8Array {
  const rows = end - start;
  const bytes = new Uint8Array(LENGTH_BYTES + hybridBound(rows, 1));
  const levels = validity?.subarray(start, end) ?? new Uint8Array(rows).fill(1);
  const length = encodeHybrid(levels, 0, rows, 1, bytes, LENGTH_BYTES) - LENGTH_BYTES;
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes.subarray(0, LENGTH_BYTES + length);
}
