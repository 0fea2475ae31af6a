import { type AttemptRecord, errorFields, type LogLines, type Metrics, numberFields } from '@millrace/core';
import { logAttempt, logOrphan } from './attempt-lines.ts';
import { countAttempt, countDeadLetter } from './attempt-metrics.ts';
import { toAttemptRecord } from './attempt-record.ts';
import type { DeliverDeps } from './deliver.ts';
import type { WriteAttemptsDeps } from './write-attempts.ts';

export interface WorkerObserverDeps {
  readonly lines: LogLines;
  readonly metrics: Metrics;
  /** What the attempt log calls this process or function instance. */
  readonly worker: string;
  /** Undefined when attempts are not written down. */
  readonly attempts: { add(record: AttemptRecord): void } | undefined;
}

/** Tells the log, the metrics and the attempt log of what happens in deliveries. */
export function observeWorker(deps: WorkerObserverDeps): Required<Pick<DeliverDeps, 'onAttempt' | 'onOrphan'>> {
  const { lines, metrics, worker, attempts } = deps;
  const [log, count, logKept, countKept] = [
    logAttempt(lines),
    countAttempt(metrics),
    logOrphan(lines),
    countDeadLetter(metrics, 'orphan'),
  ];
  return {
    onAttempt(report) {
      log(report);
      count(report);
      attempts?.add(toAttemptRecord(report, worker));
    },
    onOrphan(entry) {
      logKept(entry);
      countKept(entry);
    },
  };
}

/** Says that attempts will be missing from the attempt log. */
export function reportDrop(lines: LogLines, metrics: Metrics): WriteAttemptsDeps['onDrop'] {
  return (attempts, reason) => {
    metrics.count('attemptLogDropped', {}, attempts);
    lines.say('attempt-log.dropped', numberFields({ attempts }), errorFields(reason));
  };
}
