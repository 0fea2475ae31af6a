/**
 * A message: what a client asks to have delivered, once it has passed every check.
 */

import { hash } from 'node:crypto';
import type { Identity } from './identity.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Header names and values in the order and spelling of the client. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** The HTTP request that the target will get. Body bytes and headers are passed on exactly as they are here. */
export interface DeliveryRequest {
  readonly method: Method;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
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
} as const;

/**
 * Hash of what is delivered: SHA-256 over method, headers and body, in base64url. Different content has different
 * hashes; neither the order of headers nor the case of their names is content, because a client that repeats itself
 * may change both.
 */
export function contentHash(request: DeliveryRequest): string {
  const headers = request.headers.map(([name, value]) => [name.toLowerCase(), value]);
  headers.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
  // JSON text ends where its brackets close, so nothing in the head can pass for the body.
  const head = Buffer.from(JSON.stringify([request.method, headers]));
  return hash('sha256', Buffer.concat([head, request.body]), 'base64url');
}
