/**
 * What goes between the store and the thread that owns the database: flat and cheap to copy. Bodies go as strings of
 * one character a byte: a view of a pooled buffer would be copied with the whole pool.
 */

import type { Result, Status } from '../domain/lifecycle.ts';
import { contentHash, type DeliveryRequest, type Message, type Method } from '../domain/message.ts';
import type { PayloadRef } from '../domain/payload.ts';
import type { AcceptResult, AttemptError, Entry, MessageFilter } from '../ports/message-store.ts';

/** An entry that knows its row. Entries made elsewhere are found by their identity. */
export interface RowEntry extends Entry {
  readonly rowId: number;
}

export interface MessageRecord {
  readonly messageId: string;
  readonly senderId: string;
  readonly timestamp: string;
  readonly targetUrl: string;
  readonly contentHash: string;
  readonly method: string;
  /** JSON of the `HeaderList`. */
  readonly headers: string;
  /** One character a byte. */
  readonly body: string;
  /** Where the body is, when it does not stand here. */
  readonly payload: PayloadRef | null;
  readonly maxAttempts: number;
  readonly expiresAt: number;
  readonly traceparent: string | null;
}

/** Where an entry's row is. */
export type RowReference = number | Entry['identity'];

/** What came of accepting. */
export interface Accepted {
  readonly results: readonly AcceptResult[];
  /** The messages that are handed out with the answer: their index, and the id of their row. */
  readonly handedOut: ReadonlyMap<number, number>;
  /** Others that were accepted may start now, as far as is known. */
  readonly mayStart: boolean;
}

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

export interface HandBackRecord {
  readonly row: RowReference;
  readonly round: number;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** An entry as the database thread hands it out. */
export interface TakenRecord extends Omit<MessageRecord, 'contentHash'> {
  readonly rowId: number;
  readonly round: number;
  readonly due: number;
}

export interface Taken {
  readonly records: readonly TakenRecord[];
  /** Before this nothing more can start, epoch milliseconds; null when none waits. */
  readonly nextDue: number | null;
  /** Origins with messages that are due and wait for places of the origin. */
  readonly full: readonly string[];
}

/** A page of a scan: rows of `[…, before)` in the order of their ids, newest first. */
export interface ScanRecord {
  readonly filter: MessageFilter & { readonly status?: Status };
  readonly before: number;
  readonly limit: number;
}

export function toMessageRecord({ identity, request, plan, traceparent }: Message): MessageRecord {
  return {
    messageId: identity.messageId,
    senderId: identity.senderId,
    timestamp: identity.timestamp,
    targetUrl: identity.targetUrl,
    contentHash: contentHash(request),
    method: request.method,
    headers: JSON.stringify(request.headers),
    body: toBuffer(request.body).toString('latin1'),
    payload: request.payload ?? null,
    maxAttempts: plan.maxAttempts,
    expiresAt: plan.expiresAt,
    traceparent: traceparent ?? null,
  };
}

export function toRowEntry(record: TakenRecord): RowEntry {
  const { messageId, senderId, timestamp, targetUrl, maxAttempts, expiresAt, round, rowId, traceparent } = record;
  return {
    v: 1,
    identity: { messageId, senderId, timestamp, targetUrl },
    round,
    notBefore: record.due,
    maxAttempts,
    expiresAt,
    request: {
      method: record.method as Method,
      headers: JSON.parse(record.headers),
      body: Buffer.from(record.body, 'latin1'),
      ...(record.payload === null ? {} : { payload: record.payload }),
    },
    ...(traceparent === null ? {} : { traceparent }),
    rowId,
  };
}

/** The same bytes, not a copy. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes that a request takes in memory, about. */
export function toRequestSize({ headers, body }: DeliveryRequest): number {
  return body.length + headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
