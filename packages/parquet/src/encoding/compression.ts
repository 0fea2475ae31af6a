/** Compression of pages. */

import { brotliDecompressSync, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { snappyCompressor, snappyUncompressor } from 'hysnappy';
import { CorruptParquetError } from '../errors.ts';
import { CODEC, nameOf } from '../format/constants.ts';

/** Those that are written. */
export type Codec = 'snappy' | 'zstd' | 'uncompressed';

/** As the format numbers them. */
export const CODEC_NUMBERS: Readonly<Record<Codec, number>> = {
  snappy: CODEC.SNAPPY,
  zstd: CODEC.ZSTD,
  uncompressed: CODEC.UNCOMPRESSED,
};

/** Whether pages of the codec of this number can be read. */
export function canDecompress(codec: number): boolean {
  return codec in decompressors;
}

export function compress(codec: Codec, bytes: Uint8Array): Uint8Array {
  return compressors[codec](bytes);
}

/**
 * @param size that the page's header tells
 * @throws CorruptParquetError when the bytes are not those of the codec, or not as many
 */
export function decompress(codec: number, bytes: Uint8Array, size: number): Uint8Array {
  const decompressor = decompressors[codec];
  if (decompressor === undefined) throw new RangeError(`there is no reading of ${nameOf(CODEC, codec)}`);
  // Not the stream of an empty page: some writers leave it out.
  if (size === 0) return new Uint8Array();
  let content: Uint8Array;
  try {
    content = decompressor(bytes, size);
  } catch (error) {
    if (error instanceof CorruptParquetError) throw error;
    throw new CorruptParquetError(`a page is no ${nameOf(CODEC, codec)}`, { cause: error });
  }
  if (content.length === size) return content;
  throw new CorruptParquetError(`a page has ${content.length} bytes, and tells ${size}`);
}

const compressors: Readonly<Record<Codec, (bytes: Uint8Array) => Uint8Array>> = {
  snappy: lazily(snappyCompressor),
  zstd: (bytes) => zstdCompressSync(bytes),
  uncompressed: (bytes) => bytes,
};

const decompressors: Readonly<Record<number, (bytes: Uint8Array, size: number) => Uint8Array>> = {
  [CODEC.UNCOMPRESSED]: (bytes) => bytes,
  [CODEC.SNAPPY]: snappyDecompressor(),
  [CODEC.GZIP]: (bytes, size) => gunzipSync(bytes, { maxOutputLength: size }),
  [CODEC.BROTLI]: (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: size }),
  [CODEC.ZSTD]: (bytes, size) => zstdDecompressSync(bytes, { maxOutputLength: size }),
};

/** Snappy is WebAssembly, which only those load who need it. */
function lazily<Arguments extends unknown[], Result>(
  load: () => (...parameters: Arguments) => Result,
): (...parameters: Arguments) => Result {
  let loaded: ((...parameters: Arguments) => Result) | undefined;
  return (...parameters) => {
    loaded ??= load();
    return loaded(...parameters);
  };
}

/** Snappy's longest copy is of 64 bytes, and is told in three. */
const SNAPPY_MOST_FACTOR = 64 / 3;

function snappyDecompressor(): (bytes: Uint8Array, size: number) => Uint8Array {
  const uncompress = lazily(snappyUncompressor);
  return (bytes, size) => {
    // The library takes our word for the size, and the stream's for how much it writes.
    if (snappySize(bytes) !== size) throw new CorruptParquetError('a page does not have the size that it tells');
    if (size > SNAPPY_MOST_FACTOR * bytes.length) throw new CorruptParquetError(`a page of ${size} bytes is cut off`);
    return uncompress(bytes, size);
  };
}

/** The size in the stream's first bytes: a varint. */
function snappySize(bytes: Uint8Array): number {
  let size = 0;
  for (let index = 0; index < 5; index += 1) {
    const next = bytes[index] ?? 0;
    size += (next & 0x7f) * 128 ** index;
    if (next < 0x80) break;
  }
  return size;
}
