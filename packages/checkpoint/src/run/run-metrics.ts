/** What a run counts. */

import type { Metrics } from '@millrace/core';
import type { RunReport } from './run-report.ts';

/** Counts a run that ended with a report. */
export function countRun(metrics: Metrics, report: RunReport): void {
  const { dataset, events, objects, executionMs } = report;
  const filtered = Object.values(events.filtered).reduce((sum, count) => sum + count, 0);
  const results = { folded: events.folded, invalid: events.invalid, filtered };
  for (const [result, count] of Object.entries(results)) {
    if (count > 0) metrics.count('checkpointEvents', { dataset, result }, count);
  }
  metrics.count('checkpointRuns', { dataset, result: resultOf(report) });
  metrics.observe('checkpointDuration', { dataset }, executionMs / 1_000);
  metrics.set('checkpointPending', objects.pending);
}

/** Counts a run that ended with an error, and so without a report. */
export function countFailedRun(metrics: Metrics, dataset: string): void {
  metrics.count('checkpointRuns', { dataset, result: 'failed' });
}

/** The worst that can be said of it. */
function resultOf({ complete, objects, failures }: RunReport): string {
  if (failures.length > 0 || objects.pending > 0) return 'partial';
  return complete ? 'complete' : 'unfinished';
}
