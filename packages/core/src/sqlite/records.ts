/**
 * What goes between the store and the thread that owns the database: flat, cheap to copy, bodies packed into one
 * buffer (copying a view of a pooled buffer would copy the whole pool).
 */

import type { Result, Status } from '../domain/lifecycle.ts';
import { contentHash, type Message } from '../domain/message.ts';
import type { AttemptError, Entry, MessageFilter } from '../ports/message-store.ts';

/** An entry that knows its row. Entries made elsewhere are found by their identity. */
export interface RowEntry extends Entry {
  readonly rowId: number;
}

export interface MessageRecord {
  readonly messageId: string;
  readonly senderId: string;
  readonly timestamp: string;
  readonly targetUrl: string;
  readonly contentHash: Uint8Array;
  readonly method: string;
  readonly headers: string;
  readonly bodyLength: number;
  readonly maxAttempts: number;
  readonly expiresAt: number;
}

export interface MessageRecords {
  readonly records: readonly MessageRecord[];
  /** The bodies one after another. */
  readonly bodies: Uint8Array<ArrayBuffer>;
}

/** Where an entry's row is. */
export type RowReference = number | Entry['identity'];

export interface ClaimRecord {
  readonly row: RowReference;
  readonly round: number;
  readonly token: string;
  readonly leaseMs: number;
}

export interface SettleRecord {
  readonly row: RowReference;
  readonly round: number;
  readonly token: string;
  readonly result: Result;
  readonly error: AttemptError | null;
}

/** Entries as the database thread hands them out. */
export interface TakenRecords {
  readonly records: readonly (Omit<MessageRecord, 'contentHash'> & {
    readonly rowId: number;
    readonly round: number;
    readonly due: number;
  })[];
  readonly bodies: Uint8Array<ArrayBuffer>;
  /** When the next message falls due, epoch milliseconds; null when none waits. */
  readonly nextDue: number | null;
}

/** A page of a scan: rows of `[…, before)` in the order of their ids, newest first. */
export interface ScanRecord {
  readonly filter: MessageFilter & { readonly status?: Status };
  readonly before: number;
  readonly limit: number;
}

export function packBodies(bodies: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(bodies.reduce((sum, body) => sum + body.length, 0));
  let offset = 0;
  for (const body of bodies) {
    packed.set(body, offset);
    offset += body.length;
  }
  return packed;
}

/** Calls `each` with every record and its body, a view into `bodies`. */
export function forEachBody<T extends { readonly bodyLength: number }>(
  records: readonly T[],
  bodies: Uint8Array,
  each: (record: T, body: Uint8Array) => void,
): void {
  let offset = 0;
  for (const record of records) {
    each(record, bodies.subarray(offset, offset + record.bodyLength));
    offset += record.bodyLength;
  }
}

export function toMessageRecords(messages: readonly Message[]): MessageRecords {
  const records = messages.map(({ identity, request, plan }) => ({
    messageId: identity.messageId,
    senderId: identity.senderId,
    timestamp: identity.timestamp,
    targetUrl: identity.targetUrl,
    contentHash: Uint8Array.from(contentHash(request)),
    method: request.method,
    headers: JSON.stringify(request.headers),
    bodyLength: request.body.length,
    maxAttempts: plan.maxAttempts,
    expiresAt: plan.expiresAt,
  }));
  return { records, bodies: packBodies(messages.map((message) => message.request.body)) };
}
