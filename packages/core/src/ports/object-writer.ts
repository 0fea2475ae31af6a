/**
 * Objects that are too large to be written anew for each change, or to be held in memory at once.
 *
 * Promises are checked on every adapter by `describeObjectWriter` in `@millrace/core/testing`, beside those of
 * `ObjectStore`: whole or not at all, durable when answered, one winner among writers with the same condition; and
 * - nothing is left of a write that failed or was given up.
 */

import type { PutCondition } from './object-store.ts';

export interface ObjectWriter {
  /**
   * Makes the object its own first `keep` bytes and then `tail`.
   *
   * @throws PreconditionFailedError when the object has not this ETag (any more), or is gone
   * @throws RangeError when the object has fewer than `keep` bytes
   */
  splice(key: string, change: ObjectSplice): Promise<{ readonly etag: string }>;

  /**
   * Writes an object from chunks as they come, with memory for a few of them.
   *
   * @param chunks any sizes; an error of theirs ends the write, and is thrown
   * @throws PreconditionFailedError
   */
  putChunks(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
    options?: { readonly condition?: PutCondition },
  ): Promise<{ readonly etag: string }>;
}

export interface ObjectSplice {
  /** Of the object that is changed. */
  readonly etag: string;
  /** Bytes of it that stay, from its beginning. */
  readonly keep: number;
  readonly tail: Uint8Array;
}

/** @throws RangeError for a number of bytes that no object can keep */
export function assertObjectSplice({ keep }: ObjectSplice): void {
  if (Number.isSafeInteger(keep) && keep >= 0) return;
  throw new RangeError(`keep must be a whole number from 0, is ${keep}`);
}

export function splicedTooMuch(key: string, keep: number, size: number): RangeError {
  return new RangeError(`the object ${key} has ${size} bytes and cannot keep ${keep}`);
}
