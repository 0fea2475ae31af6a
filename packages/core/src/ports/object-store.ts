/**
 * Objects: whole runs of bytes under names, as in a bucket or a folder.
 *
 * Promises are checked on every adapter by `describeObjectStore` in `@millrace/core/testing`:
 * - an object is there whole or not at all, and a reader sees the old bytes or the new ones, never a mixture;
 * - what a call has answered is durable, and every later `get`, `head` and `list` shows it;
 * - of concurrent writers with the same condition at most one succeeds.
 *
 * Any call may throw `ObjectStoreUnavailableError` (the call may have taken effect; repeat it later), or an error of the
 * adapter that a person must mend: a permission, a bucket, a folder. It names the action and what it was done to.
 */

import { MillraceError, StoreUnavailableError } from '../errors.ts';

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Opaque, with its quotes. Other bytes under a key have another ETag; the same bytes may have the same. */
  readonly etag: string;
  /** Epoch milliseconds; some stores know only the second. */
  readonly modifiedAt: number;
}

export interface StoredObject extends ObjectInfo {
  /** The bytes that were asked for; `size` is still that of the whole object. */
  readonly bytes: Uint8Array;
}

/** `0 ≤ start < end`; what lies behind the end of the object is left out. */
export interface ByteRange {
  readonly start: number;
  /** The first byte that is not wanted; without it, to the end. */
  readonly end?: number;
}

export type PutCondition =
  /** There is no object of this key. */
  | { readonly kind: 'absent' }
  /** The object of this key has this ETag still. */
  | { readonly kind: 'unchanged'; readonly etag: string };

export interface ObjectQuery {
  readonly prefix?: string;
  /** Only keys behind this one; no object needs to have it. */
  readonly startAfter?: string;
  /** At least 1. */
  readonly limit: number;
}

/** In the byte order of the keys' UTF-8. A page with more behind it is full: continue after its last key. */
export interface ObjectPage {
  readonly objects: readonly ObjectInfo[];
  readonly more: boolean;
}

/** Calls throw `InvalidKeyError` for a key, prefix or start that no object can have, and `RangeError` for a bad number. */
export interface ObjectStore {
  /** The object, or a part of it; undefined when there is none. */
  get(key: string, options?: { readonly range?: ByteRange }): Promise<StoredObject | undefined>;

  /** What `get` says, without the bytes. */
  head(key: string): Promise<ObjectInfo | undefined>;

  /**
   * Writes the whole object, in place of the one that is there.
   * @throws PreconditionFailedError
   */
  put(
    key: string,
    bytes: Uint8Array,
    options?: { readonly condition?: PutCondition },
  ): Promise<{ readonly etag: string }>;

  /** Afterwards there is none, whether or not there was. */
  delete(key: string): Promise<void>;

  list(query: ObjectQuery): Promise<ObjectPage>;
}

/** The condition of a write does not hold: someone else was first. What is there now is not of this call. */
export class PreconditionFailedError extends MillraceError {
  readonly key: string;

  constructor(key: string, condition: PutCondition, options: ErrorOptions = {}) {
    const what = condition.kind === 'absent' ? 'exists already' : `has not the ETag ${condition.etag} (any more)`;
    super('precondition-failed', `the object ${key} ${what}`, options);
    this.key = key;
  }
}

/** Throttled, timed out, disk full, connection lost. A write may have taken effect; repeat the call later. */
export class ObjectStoreUnavailableError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('object-store-unavailable', message, { ...options, retryable: true });
  }
}

/** To callers of a store that is made of several it is the store that is unavailable, whichever part of it. */
export async function asPartOfStore<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ObjectStoreUnavailableError)) throw error;
    throw new StoreUnavailableError(error.message, { cause: error });
  }
}

/** No object can have this key. */
export class InvalidKeyError extends MillraceError {
  constructor(key: string, problem: string) {
    super('invalid-key', `the object key ${JSON.stringify(key)} ${problem}`);
  }
}

/** Of S3: bytes of UTF-8. */
export const MAX_KEY_BYTES = 1_024;

/**
 * A key is legal as in S3: 1 to 1,024 bytes of UTF-8 without NUL, whose `..` segments, read from the left, never
 * outnumber the names before them.
 * @throws InvalidKeyError
 */
export function assertObjectKey(key: string): void {
  const problem = keyProblem(key);
  if (problem !== undefined) throw new InvalidKeyError(key, problem);
}

/** @throws InvalidKeyError, RangeError */
export function assertObjectQuery({ prefix = '', startAfter = '', limit }: ObjectQuery): void {
  if (prefix !== '') assertObjectKey(prefix);
  if (startAfter !== '') assertObjectKey(startAfter);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`limit must be a whole number from 1, is ${limit}`);
}

/** @throws RangeError */
export function assertByteRange({ start, end }: ByteRange): void {
  const isRange = Number.isSafeInteger(start) && start >= 0;
  if (isRange && (end === undefined || (Number.isSafeInteger(end) && end > start))) return;
  throw new RangeError(`a byte range needs whole numbers with 0 ≤ start < end, is ${start} to ${end}`);
}

function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (!key.isWellFormed()) return 'is not Unicode text';
  if (key.includes('\0')) return 'holds NUL';
  if (new TextEncoder().encode(key).length > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  return climbsOut(key) ? 'leads out of the store' : undefined;
}

function climbsOut(key: string): boolean {
  let depth = 0;
  for (const segment of key.split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '' && segment !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
