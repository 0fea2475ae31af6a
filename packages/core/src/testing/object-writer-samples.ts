/** Bytes in bulk, and what the tests of writers do again and again. */

import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import { PreconditionFailedError } from '../ports/object-store.ts';
import type { ObjectWriterHarness } from './object-writer-harness.ts';

export const MIB = 1_024 * 1_024;

/** Bytes that differ from place to place, so that a piece in the wrong place is seen. */
export function manyBytes(length: number, seed = 0): Buffer {
  return createHash('shake128', { outputLength: length }).update(`${seed}`).digest();
}

export async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

/** What a writer gets: the ETag of its write, or null for a refusal. */
export async function orRefused(write: Promise<{ readonly etag: string }>): Promise<string | null> {
  try {
    return (await write).etag;
  } catch (error) {
    if (error instanceof PreconditionFailedError) return null;
    throw error;
  }
}

/** The object has these bytes and, where it is told, this ETag. */
export async function expectObject({ store }: ObjectWriterHarness, key: string, bytes: Buffer, etag?: string) {
  const object = await store.get(key);
  expect(object).toMatchObject({ key, size: bytes.length, ...(etag !== undefined && { etag }) });
  // Not toEqual: it takes seconds over megabytes.
  expect(bytes.equals(object?.bytes ?? new Uint8Array())).toBe(true);
}
