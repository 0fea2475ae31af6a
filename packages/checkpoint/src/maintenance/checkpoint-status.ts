/** What a checkpoint says of itself, without looking at sources or files. */

import { CheckpointMissingError } from '../errors.ts';
import { layoutOf } from '../layout.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import {
  type CheckpointState,
  type Lease,
  type PendingObject,
  readState,
  type Sweep,
} from '../state/checkpoint-state.ts';

export interface CheckpointStatus {
  readonly dataset: string;
  readonly template: string;
  readonly files: readonly { readonly path: string; readonly rows: number; readonly bytes: number }[];
  readonly rows: number;
  /** Versions of objects that are taken care of, of which so many hold nothing that can be folded. */
  readonly objects: { readonly taken: number; readonly refused: number; readonly gone: number };
  /** Newest timestamp, microseconds. */
  readonly lastTimestamp: number | null;
  readonly pending: readonly PendingObject[];
  /** Epoch milliseconds. */
  readonly lastFullListing: number | null;
  /** Of a listing of everything that is not at its end: the next run goes on with it. */
  readonly sweep: Pick<Sweep, 'startedAt' | 'objects'> | null;
  /** Of a run that is at work. */
  readonly lease: Lease | null;
  /** Of a run that did not come to its end: the next one brings it there. */
  readonly interruptedRun: string | null;
  readonly isRebuilding: boolean;
}

/** @throws CheckpointMissingError, CorruptStateError, and what the store throws */
export async function checkpointStatus({
  dataset,
  target,
  clock,
}: Pick<CheckpointDeps, 'dataset' | 'target' | 'clock'>): Promise<CheckpointStatus> {
  const { state: key } = layoutOf(dataset.name);
  const state = await readState(target, key);
  if (state === undefined) throw new CheckpointMissingError(dataset.name, key);
  return describe(state, clock.now());
}

function describe(state: CheckpointState, now: number): CheckpointStatus {
  const { groups, lease, intent, totals, sweep } = state;
  const files = Object.entries(groups).map(([path, { rows, bytes }]) => ({ path, rows, bytes }));
  const isAtWork = lease !== null && lease.until > now;
  return {
    ...{ dataset: state.dataset, template: state.template },
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    objects: { taken: totals.objects, refused: totals.refused, gone: totals.gone },
    lastTimestamp: totals.lastTimestamp,
    pending: state.pending,
    lastFullListing: state.fullListing?.at ?? null,
    sweep: sweep && { startedAt: sweep.startedAt, objects: sweep.objects },
    lease: isAtWork ? lease : null,
    interruptedRun: isAtWork ? null : (intent?.id ?? null),
    isRebuilding: state.isRebuilding,
  };
}
