import { type AttemptRecord, failureClass, originOf, outcomeStatus, webhookId } from '@millrace/core';
import type { AttemptReport } from './deliver.ts';

/** @param worker the process or function instance that made the attempt */
export function toAttemptRecord(report: AttemptReport, worker: string): AttemptRecord {
  const { entry, attempt, outcome, reaction, startedAt, durationMs, timings } = report;
  const { identity } = entry;
  return {
    senderId: identity.senderId,
    messageId: identity.messageId,
    messageTimestamp: identity.timestamp,
    targetOrigin: originOf(identity.targetUrl),
    webhookId: webhookId(identity),
    attempt,
    startedAt,
    statusCode: outcomeStatus(outcome),
    outcome: reaction.kind === 'succeed' ? 'success' : reaction.kind,
    reason: reaction.kind === 'dead-letter' ? reaction.reason : null,
    errorClass: failureClass(outcome),
    connectMs: timings?.connectMs ?? null,
    firstByteMs: timings?.firstByteMs ?? null,
    totalMs: timings?.totalMs ?? durationMs,
    requestBytes: timings?.requestBytes ?? 0,
    responseBytes: timings?.responseBytes ?? 0,
    worker,
  };
}
