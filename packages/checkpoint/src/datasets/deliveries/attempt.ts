/** An attempt to deliver, as a line of the attempt log says it. */

import { type ATTEMPT_COLUMNS, parseInstant } from '@millrace/core';
import { FieldChecks, type FieldProblem, isJsonObject } from '../field-checks.ts';

export type AttemptColumn = (typeof ATTEMPT_COLUMNS)[number];

/** `started_at` is in microseconds since 1970, `message_timestamp` the canonical text: it may tell nanoseconds. */
export type Attempt = Readonly<Record<AttemptColumn, string | number | null>> & { readonly started_at: number };

export type AttemptReading =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  /** Every problem there is. */
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

/**
 * Fields that are not columns are passed over, so that the log of a newer release can be read.
 *
 * @param json what `JSON.parse` gave
 */
export function readAttempt(json: unknown): AttemptReading {
  if (!isJsonObject(json)) {
    return { kind: 'invalid', problems: [{ field: undefined, message: 'must be a JSON object' }] };
  }
  const checks = new FieldChecks();
  const attempt: Attempt = {
    sender_id: checks.text('sender_id', json['sender_id']),
    message_id: checks.text('message_id', json['message_id']),
    message_timestamp: readMessageTimestamp(json['message_timestamp'], checks),
    target_origin: checks.text('target_origin', json['target_origin']),
    webhook_id: checks.text('webhook_id', json['webhook_id']),
    attempt: checks.int32('attempt', json['attempt'], 1),
    started_at: checks.timestamp('started_at', json['started_at']),
    status_code: checks.int32OrNull('status_code', json['status_code'], 0),
    outcome: checks.text('outcome', json['outcome']),
    reason: checks.textOrNull('reason', json['reason']),
    error_class: checks.textOrNull('error_class', json['error_class']),
    connect_ms: checks.durationOrNull('connect_ms', json['connect_ms']),
    first_byte_ms: checks.durationOrNull('first_byte_ms', json['first_byte_ms']),
    total_ms: checks.duration('total_ms', json['total_ms']),
    request_bytes: checks.int32('request_bytes', json['request_bytes'], 0),
    response_bytes: checks.int32('response_bytes', json['response_bytes'], 0),
    worker: checks.text('worker', json['worker']),
  };
  return checks.problems.length > 0 ? { kind: 'invalid', problems: checks.problems } : { kind: 'attempt', attempt };
}

function readMessageTimestamp(value: unknown, checks: FieldChecks): string {
  const before = checks.problems.length;
  const text = checks.text('message_timestamp', value);
  const instant = parseInstant(text);
  if (checks.problems.length === before && instant === undefined) {
    checks.fault('message_timestamp', 'must be an RFC 3339 timestamp');
  }
  return instant?.text ?? '';
}
