import { type Entry, failureClass, type Metrics, originOf, StoreUnavailableError } from '@millrace/core';
import type { AttemptReport } from './deliver.ts';

/**
 * Counts each attempt, and what became of its message. Only results that the store has taken count for messages, so
 * that the sums are those of the accounting.
 */
export function countAttempt(metrics: Metrics): (report: AttemptReport) => void {
  return ({ entry, outcome, reaction, settled, startedAt, durationMs, timings, since }) => {
    const origin = originOf(entry.identity.targetUrl);
    if (timings !== undefined) {
      metrics.count('attempts', { result: failureClass(outcome) ?? 'success', origin });
      metrics.observe('attemptDuration', { origin }, timings.totalMs / 1_000);
    }
    if (settled !== 'settled') return;
    switch (reaction.kind) {
      case 'succeed':
        metrics.count('delivered', { origin });
        // A clock that was set back would make it negative.
        if (since !== undefined) {
          metrics.observe('deliveryDuration', {}, Math.max(0, startedAt + durationMs - since) / 1_000);
        }
        break;
      case 'retry':
        metrics.count('retried', { origin });
        break;
      case 'dead-letter':
        metrics.count('deadLettered', { reason: reaction.reason, origin });
    }
  };
}

/** Counts an entry that was kept as a dead letter because it has no message, or because its queue gave it up. */
export function countDeadLetter(metrics: Metrics, reason: 'orphan' | 'redriven'): (entry: Entry) => void {
  return ({ identity }) => metrics.count('deadLettered', { reason, origin: new URL(identity.targetUrl).origin });
}

/** Counts what the store could not do. */
export function countStoreError(metrics: Metrics): (error: unknown) => void {
  return (error) => {
    if (error instanceof StoreUnavailableError) metrics.count('storeErrors', { part: 'delivery' });
  };
}
