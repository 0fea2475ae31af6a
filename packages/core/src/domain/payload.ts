/**
 * Bodies that are kept apart from their messages, by their content.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whose body it is, and which: two senders with the same content have two payloads. */
export interface PayloadName {
  readonly senderId: string;
  /** 64 hexadecimal digits in small letters. */
  readonly sha256: string;
}

/** Where a body is. It travels with its message. */
export interface PayloadRef {
  /** Of the payload store. */
  readonly key: string;
  /** 64 hexadecimal digits in small letters. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Of the object when it was looked at; with its quotes. */
  readonly etag: string;
}

/** A body that a sender wants to upload. */
export interface PayloadUpload extends PayloadName {
  /** Bytes: 1 to `LIMITS.payloadBytes`. */
  readonly size: number;
}

const ID = /^sha256-([0-9a-f]{64})$/;

/** The `payloadId` that a client names a body by. It tells the content and nothing else. */
export function payloadId(sha256: string): string {
  return `sha256-${sha256}`;
}

/** The hash of a `payloadId`; undefined when it is none. */
export function parsePayloadId(text: string): string | undefined {
  return ID.exec(text)?.[1];
}

/**
 * A name as two segments of a key, `sender/hash`. The sender's is percent-encoded, and never one that means a folder
 * (`.`, `..`): nothing can lie outside of the sender's own.
 */
export function payloadPath({ senderId, sha256 }: PayloadName): string {
  const segment = /^\.+$/.test(senderId) ? senderId.replaceAll('.', '%2E') : encodeURIComponent(senderId);
  return `${segment}/${sha256}`;
}

/** Leave to upload until a time, in epoch milliseconds; proved by a signature. */
export interface SignedUpload extends PayloadUpload {
  readonly expiresAt: number;
  readonly signature: string;
}

/** HMAC-SHA256 of the leave, in base64url. */
export function signUpload(key: Uint8Array, { senderId, sha256, size, expiresAt }: Omit<SignedUpload, 'signature'>) {
  const text = JSON.stringify(['upload', senderId, sha256, size, expiresAt]);
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** In constant time. */
export function isUploadSigned(key: Uint8Array, upload: SignedUpload): boolean {
  const expected = Buffer.from(signUpload(key, upload));
  const given = Buffer.from(upload.signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
