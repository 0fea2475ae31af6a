/**
 * The log of attempts, for people who look back: what was tried, when, and what came of it. It is not the truth of any
 * message: that is in the `MessageStore`, and delivery waits for nothing that is written here.
 *
 * Promises are checked on every adapter by `describeEventLog` in `@millrace/core/testing`:
 * - a batch is there whole or not at all;
 * - writing a batch again, also when it is not known whether it was written, leaves one copy of it;
 * - what it holds has no place for bodies, headers, queries or secrets.
 */

import type { Reason } from '../domain/outcome.ts';

/** One attempt, or one message that ended without a request because its time or its plan was over. */
export interface AttemptRecord {
  readonly senderId: string;
  readonly messageId: string;
  /** Of the message's identity, in canonical form. */
  readonly messageTimestamp: string;
  /** Scheme, host and port: no path, and no query. */
  readonly targetOrigin: string;
  readonly webhookId: string;
  /** Within the plan, from 1. */
  readonly attempt: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Of the answer; null when there was none. */
  readonly statusCode: number | null;
  readonly outcome: 'success' | 'retry' | 'dead-letter';
  /** Of a dead letter. */
  readonly reason: Reason | null;
  /** What kind of failure it was (`http-5xx`, `timeout`, `dns`, …); null for a success. */
  readonly errorClass: string | null;
  /** Milliseconds until the request could be sent: for a connection to be made or to come free. Null: it never could. */
  readonly connectMs: number | null;
  /** Milliseconds until the head of the answer came; null when none did. */
  readonly firstByteMs: number | null;
  /** Milliseconds until the exchange was over. */
  readonly totalMs: number;
  /** Bytes of the body that was sent. */
  readonly requestBytes: number;
  /** Bytes of the body of the answer, as far as it was read. */
  readonly responseBytes: number;
  /** The process or function instance that made it. */
  readonly worker: string;
}

export interface AttemptBatch {
  /**
   * Where the batch is kept: made once, by `attemptBatchKey`, before the first try to write it. Batches of different
   * keys are different batches.
   */
  readonly key: string;
  /** At least one. */
  readonly attempts: readonly AttemptRecord[];
}

export interface EventLog {
  /** @throws an error when the batch is not known to be written; writing it again is safe */
  write(batch: AttemptBatch): Promise<void>;

  /**
   * Removes batches whose key is of a day before the one of `time` (epoch milliseconds), at most `limit` of them, the
   * oldest first; returns how many. None of that many is left when it is less than `limit`.
   */
  removeBefore(time: number, limit: number): Promise<number>;
}
