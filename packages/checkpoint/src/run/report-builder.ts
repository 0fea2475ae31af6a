import { errorMessage } from '@millrace/core';
import { countIn } from '../count-in.ts';
import type { CheckpointState } from '../state/checkpoint-state.ts';
import type { Batch } from './batch.ts';
import type { ListingTally } from './candidates.ts';
import type { GroupOutcome } from './commit.ts';
import { type Failure, type GroupReport, MAX_FAILURES, type RunReport } from './run-report.ts';

/** How far a run is. */
export interface RunProgress {
  /** Objects under the prefix that were looked at. */
  readonly listed: number;
  /** Of them new, or left over of earlier runs. */
  readonly found: number;
  readonly read: number;
  /** Events in files that were written. */
  readonly folded: number;
}

/** Gathers what a run has to tell, and tells it on the way. */
export interface ReportBuilder {
  onFound(): void;
  onRead(): void;
  addBatch(batch: Batch, outcomes: readonly GroupOutcome[]): void;
  compactionFailed(path: string, error: unknown): void;
  /** The time was over. */
  cutOff(left: number): void;
  end(state: CheckpointState, executionMs: number): RunReport;
}

export interface ReportSubject {
  readonly runId: string;
  readonly dataset: string;
  readonly fullListing: boolean;
  /** Filled while the run lists. */
  readonly listing: ListingTally;
}

export function createReportBuilder(
  { runId, dataset, fullListing, listing }: ReportSubject,
  onProgress: (progress: RunProgress) => void,
): ReportBuilder {
  let [found, read, refused, gone, invalid, folded, failuresLeftOut, left] = [0, 0, 0, 0, 0, 0, 0, 0];
  let complete = true;
  const filtered = new Map<string, number>();
  const groups = new Map<string, GroupReport>();
  const failures: Failure[] = [];
  const failed = (failure: Failure): void => {
    if (failures.length < MAX_FAILURES) failures.push(failure);
    else failuresLeftOut += 1;
  };
  const tell = (): void => onProgress({ listed: listing.listed, found, read, folded });

  return {
    onFound() {
      found += 1;
      tell();
    },
    onRead() {
      read += 1;
      tell();
    },
    addBatch({ intent, tally }, outcomes) {
      refused += intent.refused;
      gone += intent.gone;
      invalid += tally.invalidEvents;
      for (const [reason, count] of tally.filtered) countIn(filtered, reason, count);
      for (const failure of tally.failures) failed(failure);
      for (const [index, path] of intent.groups.entries()) {
        const outcome = outcomes[index];
        if (outcome?.kind !== 'committed') {
          failed({ kind: 'group', key: path, reasons: [outcome?.reason ?? 'not written'] });
          continue;
        }
        const { rows, bytes } = outcome.group;
        folded += outcome.added;
        groups.set(path, { path, rows, bytes, added: (groups.get(path)?.added ?? 0) + outcome.added });
      }
      tell();
    },
    compactionFailed(path, error) {
      failed({ kind: 'compaction', key: path, reasons: [errorMessage(error)] });
    },
    cutOff(count) {
      complete = false;
      left = count;
    },
    end: (state, executionMs) => ({
      ...{ runId, dataset, complete, fullListing },
      objects: {
        listed: listing.listed,
        ignored: Object.fromEntries(listing.ignored),
        ...{ read, refused, gone, left },
        pending: state.pending.length,
      },
      events: { folded, invalid, filtered: Object.fromEntries(filtered) },
      groups: [...groups.values()],
      totalEvents: Object.values(state.groups).reduce((sum, { rows }) => sum + rows, 0),
      lastTimestamp: state.totals.lastTimestamp,
      ...{ failures, failuresLeftOut, executionMs },
    }),
  };
}
