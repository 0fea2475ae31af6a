/** The bytes that an object holds, whether or not it is compressed. */

import { gunzipSync, type ZlibOptions } from 'node:zlib';

/** Unpacked. A larger object is refused: one object must not take the memory of the run. */
export const MAX_OBJECT_BYTES = 256 * 1_024 * 1_024;

const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * Unpacks gzip, which is known by its first two bytes: names and content types are not always right.
 *
 * @param maxBytes of the unpacked object
 * @returns the bytes, or what is wrong with them
 */
export function unpackObject(bytes: Uint8Array, maxBytes: number): Uint8Array | string {
  const tooLarge = `is larger than ${maxBytes} bytes unpacked`;
  const isGzip = GZIP_MAGIC.every((byte, index) => bytes[index] === byte);
  if (!isGzip) return bytes.length > maxBytes ? tooLarge : bytes;
  try {
    const { buffer, engine } = gunzipSync(bytes, { maxOutputLength: maxBytes, info: true });
    // From a zero behind the last member on, everything is passed over in silence.
    return engine.bytesWritten === bytes.length ? buffer : 'is not gzip to its end';
  } catch (error) {
    return isCode(error, 'ERR_BUFFER_TOO_LARGE') ? tooLarge : 'is gzip that is damaged or cut off';
  }
}

declare module 'node:zlib' {
  /** What its types do not know: `engine.bytesWritten` is how many compressed bytes it took in. */
  function gunzipSync(
    bytes: Uint8Array,
    options: ZlibOptions & { readonly info: true },
  ): { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
