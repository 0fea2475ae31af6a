/** What the function answers, in the names that its callers know. */

import { formatTimestamp } from '../datasets/iso-timestamp.ts';
import type { Failure, RunReport } from '../run/run-report.ts';

export interface CheckpointResponse {
  /** 200: all done. 207: something failed; what did not is done. 400: the event cannot be used. */
  readonly statusCode: 200 | 207 | 400;
  /** Of the one file that was written, when there is one. */
  readonly checkpoint_path?: string;
  /** Keys of the files that were written. */
  readonly checkpoint_paths: readonly string[];
  readonly new_events_processed: number;
  /** In all files of the checkpoint. */
  readonly total_events: number;
  /** That are not valid. */
  readonly events_failed: number;
  /** Left out on purpose. */
  readonly events_filtered: number;
  readonly filtered: Readonly<Record<string, number>>;
  /** The newest timestamp in all files. */
  readonly last_processed_timestamp: string | null;
  readonly execution_time_ms: number;
  /** Objects under the prefix that are no sources, by reason. */
  readonly objects_ignored: Readonly<Record<string, number>>;
  /** That could not be folded, and are tried again by every run. */
  readonly objects_pending: number;
  /** New ones that the time did not suffice for. */
  readonly objects_left: number;
  readonly failures: readonly (Failure | { readonly kind: 'request'; readonly reasons: readonly string[] })[];
  readonly failures_left_out: number;
}

/** @param prefix of the checkpoint, for the keys of its files */
export function toResponse(report: RunReport, prefix: string): CheckpointResponse {
  const paths = report.groups.map(({ path }) => prefix + path);
  const [only, ...others] = paths;
  return {
    statusCode: report.failures.length === 0 ? 200 : 207,
    ...(only === undefined || others.length > 0 ? {} : { checkpoint_path: only }),
    checkpoint_paths: paths,
    new_events_processed: report.events.folded,
    total_events: report.totalEvents,
    events_failed: report.events.invalid,
    events_filtered: Object.values(report.events.filtered).reduce((sum, count) => sum + count, 0),
    filtered: report.events.filtered,
    last_processed_timestamp: report.lastTimestamp === null ? null : formatTimestamp(report.lastTimestamp),
    execution_time_ms: report.executionMs,
    objects_ignored: report.objects.ignored,
    objects_pending: report.objects.pending,
    objects_left: report.objects.left,
    failures: report.failures,
    failures_left_out: report.failuresLeftOut,
  };
}

export function refuseRequest(problems: readonly string[]): CheckpointResponse {
  return {
    statusCode: 400,
    ...{ checkpoint_paths: [], new_events_processed: 0, total_events: 0, events_failed: 0, events_filtered: 0 },
    ...{ filtered: {}, last_processed_timestamp: null, execution_time_ms: 0, objects_ignored: {} },
    ...{ objects_pending: 0, objects_left: 0, failures_left_out: 0 },
    failures: [{ kind: 'request', reasons: problems }],
  };
}
