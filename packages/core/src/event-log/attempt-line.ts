/** An attempt as a line of the log: JSON in the names and types of the `deliveries` dataset. */

import type { AttemptRecord } from '../ports/event-log.ts';

/** The fields of a line, in their order; also the columns of the dataset. */
export const ATTEMPT_COLUMNS = [
  'sender_id',
  'message_id',
  'message_timestamp',
  'target_origin',
  'webhook_id',
  'attempt',
  'started_at',
  'status_code',
  'outcome',
  'reason',
  'error_class',
  'connect_ms',
  'first_byte_ms',
  'total_ms',
  'request_bytes',
  'response_bytes',
  'worker',
] as const;

export type AttemptLine = Readonly<Record<(typeof ATTEMPT_COLUMNS)[number], string | number | null>>;

export function toAttemptLine(record: AttemptRecord): AttemptLine {
  return {
    sender_id: record.senderId,
    message_id: record.messageId,
    message_timestamp: record.messageTimestamp,
    target_origin: record.targetOrigin,
    webhook_id: record.webhookId,
    attempt: record.attempt,
    started_at: toMicrosecondText(record.startedAt),
    status_code: record.statusCode,
    outcome: record.outcome,
    reason: record.reason,
    error_class: record.errorClass,
    connect_ms: toMicroseconds(record.connectMs),
    first_byte_ms: toMicroseconds(record.firstByteMs),
    total_ms: toMicroseconds(record.totalMs),
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    worker: record.worker,
  };
}

/** RFC 3339 in UTC with six digits, as readers of timestamps in microseconds expect; clocks tell milliseconds. */
function toMicrosecondText(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

/** Milliseconds to three digits: more is noise, and would not compress. */
function toMicroseconds<T extends number | null>(ms: T): T | number {
  return ms === null ? ms : Math.round(ms * 1_000) / 1_000;
}
