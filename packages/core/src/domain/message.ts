/**
 * A message: what a client asks to have delivered, once it has passed every check.
 */

import { hash } from 'node:crypto';
import type { Identity } from './identity.ts';
import type { PayloadRef } from './payload.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Header names and values in the order and spelling of the client. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** The HTTP request that the target will get. Body bytes and headers are passed on exactly as they are here. */
export interface DeliveryRequest {
  readonly method: Method;
  readonly headers: HeaderList;
  /** Empty when the body is in the payload store. */
  readonly body: Uint8Array;
  /** Where the body is, when it does not stand here. */
  readonly payload?: PayloadRef;
}

/** How long and how often delivery is tried. */
export interface DeliveryPlan {
  /** 1 to `LIMITS.maxAttempts`. */
  readonly maxAttempts: number;
  /** Epoch milliseconds; no attempt starts at or after it. */
  readonly expiresAt: number;
}

export interface Message {
  readonly identity: Identity;
  readonly request: DeliveryRequest;
  readonly plan: DeliveryPlan;
  /** Of the request that brought it, see `parseTraceparent`. Not content: a repeat may have another. */
  readonly traceparent?: string;
}

const HOUR_MS = 3_600_000;

/** Limits on what a message may be. */
export const LIMITS = {
  /** Characters of `messageId` and `senderId`. */
  idLength: 128,
  /** Characters of `targetUrl`, as given and in canonical form. */
  urlLength: 2_048,
  headerCount: 50,
  /** Bytes of all header names and values together. */
  headerBytes: 8 * 1_024,
  maxAttempts: 20,
  defaultAttempts: 3,
  /** Milliseconds from acceptance to `expiresAt`: the most, and the default. */
  lifetimeMs: 72 * HOUR_MS,
  /** Messages of one request. */
  batchSize: 100,
  /** Bytes of one HTTP request. */
  requestBytes: 6 * 1_024 * 1_024,
  /**
   * Bytes of a body that may stand in its message; a larger one is in the payload store. With it in base64 and
   * everything else at its largest, an entry stays below the 256 KiB of a queue.
   */
  inlineBodyBytes: 160 * 1_024,
  /** Bytes of a body in the payload store. */
  payloadBytes: 100 * 1_024 * 1_024,
} as const;

/** Bytes of the body, wherever it is. */
export function bodySize({ body, payload }: DeliveryRequest): number {
  return payload?.size ?? body.length;
}

/**
 * Hash of what is delivered: SHA-256 over method, headers and the SHA-256 of the body, in base64url. Different content
 * has different hashes; not content are where the body is kept, the order of headers and the case of their names,
 * because a client that repeats itself may change them.
 */
export function contentHash({ method, headers, body, payload }: DeliveryRequest): string {
  const sorted = headers.map(([name, value]) => [name.toLowerCase(), value]);
  sorted.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
  const bodyHash = payload?.sha256 ?? hash('sha256', body, 'hex');
  return hash('sha256', JSON.stringify([method, sorted, bodyHash]), 'base64url');
}
