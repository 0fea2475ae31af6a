/**
 * Keys by which callers of one machine are known. A key is a text that is shown once:
 *
 * ```
 * mlr_q3ne7ht5kxw2_<52 characters of secret><7 characters of checksum>
 *     └─ its id: public, by which it is found, listed and revoked
 * ```
 *
 * The secret is 256 random bits, so that a plain SHA-256 of the key keeps it: there is nothing to guess. The checksum tells
 * a key that was not copied whole from one that is wrong; it proves nothing.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import { base32 } from './base32.ts';
import type { RateLimit } from './token-bucket.ts';

/** What a caller may do: hand messages in, look at what became of them, or change what happens. */
export const SCOPES = ['send', 'read', 'operate'] as const;
export type Scope = (typeof SCOPES)[number];

/** Senders that a caller may act for: their ids, none twice. */
export type Senders = readonly string[] | 'all';

/** Null where there is none of the key's own. */
export interface KeyLimits {
  /** Of messages that are handed in. */
  readonly rate: RateLimit | null;
  /** Messages of its senders that may wait at once. */
  readonly backlog: number | null;
}

/** What a key gives. */
export interface Grant {
  readonly senders: Senders;
  readonly scopes: readonly Scope[];
  /** Epoch milliseconds from which the key is good for nothing; null: never. */
  readonly expiresAt: number | null;
  readonly limits: KeyLimits;
}

export interface ApiKey extends Grant {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds; null: it was not. */
  readonly revokedAt: number | null;
}

/** A key as it is kept: the hash of its text in place of the text. */
export interface StoredKey extends ApiKey {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
}

const SECRET_BYTES = 32;
const ID_BYTES = 8;
/** Random bytes that a key is made of. */
export const KEY_BYTES = SECRET_BYTES + ID_BYTES;

/** Characters; 60 bits. */
const ID_LENGTH = 12;
const CHECKSUM_LENGTH = 7;
const KEY_TEXT = /^mlr_([a-z2-7]{12})_[a-z2-7]{59}$/;

/**
 * The text of a new key.
 *
 * @param random `KEY_BYTES` bytes that nobody can foresee
 */
export function keyText(random: Uint8Array): string {
  if (random.length !== KEY_BYTES) throw new RangeError(`a key takes ${KEY_BYTES} random bytes, not ${random.length}`);
  const id = base32(random.subarray(SECRET_BYTES)).slice(0, ID_LENGTH);
  const head = `mlr_${id}_${base32(random.subarray(0, SECRET_BYTES))}`;
  return head + checksum(head);
}

function checksum(head: string): string {
  return base32(hash('sha256', head, 'buffer')).slice(0, CHECKSUM_LENGTH);
}

/** A text that can be a key: its id, and the hash that the key must have. Undefined: it was not copied whole. */
export function readKeyText(text: string): { readonly id: string; readonly hash: string } | undefined {
  const id = KEY_TEXT.exec(text)?.[1];
  const head = text.slice(0, -CHECKSUM_LENGTH);
  if (id === undefined || checksum(head) !== text.slice(head.length)) return undefined;
  return { id, hash: hashOf(text) };
}

function hashOf(text: string): string {
  return hash('sha256', text, 'hex');
}

/** Whose hash nothing has: what is compared with where no key was found. */
const NO_HASH = '0'.repeat(64);

/**
 * Is this the key of that hash? Both are hashes of one length, compared in a time that does not depend on them; a key
 * that is not there takes as long.
 */
export function isKeyOf(stored: Pick<StoredKey, 'hash'> | undefined, given: string): boolean {
  const expected = Buffer.from(stored?.hash ?? NO_HASH, 'hex');
  const isSame = timingSafeEqual(expected, Buffer.from(given, 'hex'));
  return isSame && stored !== undefined;
}

export type KeyState = 'good' | 'expired' | 'revoked';

export function keyState({ expiresAt, revokedAt }: ApiKey, now: number): KeyState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'good';
}

/** The parts of a grant by which it gives more than another: who makes a key cannot give what it has not. */
export function excessOf(wanted: Grant, held: Grant): readonly (keyof Grant)[] {
  const parts = {
    senders: held.senders !== 'all' && !isSubset(wanted.senders, held.senders),
    scopes: !isSubset(wanted.scopes, held.scopes),
    expiresAt: isAbove(wanted.expiresAt, held.expiresAt),
    limits:
      isAbove(wanted.limits.backlog, held.limits.backlog) ||
      isAbove(wanted.limits.rate?.perSecond ?? null, held.limits.rate?.perSecond ?? null) ||
      isAbove(wanted.limits.rate?.burst ?? null, held.limits.rate?.burst ?? null),
  };
  return (Object.keys(parts) as (keyof Grant)[]).filter((part) => parts[part]);
}

function isSubset<T>(part: readonly T[] | 'all', whole: readonly T[]): boolean {
  return part !== 'all' && part.every((item) => whole.includes(item));
}

/** Null is no limit, above every other. */
function isAbove(wanted: number | null, held: number | null): boolean {
  return held !== null && (wanted === null || wanted > held);
}
