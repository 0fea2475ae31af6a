/**
 * One run of a checkpoint: folds what is new into the files, a batch at a time, so that memory is bounded and a run that
 * is cut off has done whole batches. Each batch is an intent in the state, then the files, then the state again: after a
 * crash anywhere the next run knows from these what is done.
 */

import { settleRewrites } from '../deletion/source-rewrites.ts';
import { readTombstones, type Tombstones, withoutDeleted } from '../deletion/tombstones.ts';
import { LeaseLostError } from '../errors.ts';
import { layoutOf } from '../layout.ts';
import { createManifest, growManifest, type Manifest } from '../manifest/manifest.ts';
import type { CheckpointState, Intent, PendingObject } from '../state/checkpoint-state.ts';
import type { Session } from '../state/session.ts';
import { type Batch, readBatch } from './batch.ts';
import { type Candidate, findCandidates, type ListingTally, newListingTally, type SweepPlace } from './candidates.ts';
import type { CheckpointDeps } from './checkpoint-deps.ts';
import { commitGroups, type GroupOutcome, recoverGroups } from './commit.ts';
import { compactGroup } from './compact-group.ts';
import { clearDoubts } from './doubts.ts';
import { DEFAULT_LISTING, type ListingOptions, type ListingPlan, planListing } from './listing.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { createReportBuilder, type ReportBuilder, type RunProgress } from './report-builder.ts';
import type { RunReport } from './run-report.ts';
import { settled, versionsOf, withIntent } from './settle.ts';

export interface RunOptions {
  /** Only events after this, microseconds. What it leaves out is found by a run without it. */
  readonly since?: number | undefined;
  /** How the sources are listed. */
  readonly listing?: Partial<ListingOptions>;
  /** Milliseconds that are left, asked again and again; without it there is no end. */
  readonly remainingMs?: (() => number) | undefined;
  /** Milliseconds to wait for a run that is at work. */
  readonly patienceMs?: number | undefined;
  readonly limits?: Partial<BatchLimits>;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** A batch is full when one of them is reached. */
export interface BatchLimits {
  readonly objects: number;
  /** Of the objects, as they are listed. */
  readonly bytes: number;
  /** Milliseconds of listing before what was found is read. */
  readonly listingMs: number;
  /** Milliseconds of reading before what was read is written. */
  readonly readingMs: number;
}

const DEFAULT_LIMITS: BatchLimits = {
  ...{ objects: 20_000, bytes: 64 * 1_024 * 1_024 },
  ...{ listingMs: 10_000, readingMs: 60_000 },
};
const DEFAULT_CONCURRENCY = 64;
/** Of the time that there is, what is kept for writing what was read and for the answer; and its bounds. */
const RESERVED_SHARE = 0.2;
const MOST_RESERVED_MS = 20_000;

/**
 * @throws StateMissingError, CheckpointMismatchError, CorruptStateError, LeaseHeldError, LeaseLostError; and what listing
 *   the sources, or reading and writing the state, throws. Nothing is lost by any of them: the next run goes on.
 */
export async function runCheckpoint(deps: CheckpointDeps, options: RunOptions = {}): Promise<RunReport> {
  const { clock, dataset, newRunId } = deps;
  const startedAt = clock.now();
  const runId = newRunId();
  const session = await openCheckpoint(deps, { runId, patienceMs: options.patienceMs });
  let listed: ((state: CheckpointState) => CheckpointState) | undefined;
  try {
    // After the lease: whoever deletes rows from now on takes it first.
    const tombstones = await readTombstones(deps.target, dataset);
    const folding = createFolding(deps, session, { ...options, tombstones });
    await folding.recover();
    // A run for later events looks at everything, does not take everything, and leaves no word of it.
    const isForAll = options.since === undefined;
    const known = isForAll ? session.state : { ...session.state, sweep: null };
    const how = { ...DEFAULT_LISTING, ...options.listing };
    const plan = planListing(known, dataset, how, startedAt);
    const listing = newListingTally(plan);
    const subject = { runId, dataset: dataset.name, fullListing: plan.sweep !== undefined, listing };
    const report = createReportBuilder(subject, options.onProgress ?? (() => undefined));
    const dealtWith = await folding.fold(plan, how.pageSize, listing, report);
    if (isForAll) listed = (state) => afterListing(state, plan, dealtWith, startedAt);
    await folding.compact(report);
    return report.end(session.state, clock.now() - startedAt);
  } finally {
    await session.end(listed);
  }
}

/** What of a listing needs no look any more. */
interface DealtWith {
  /** All of it. */
  readonly isComplete: boolean;
  /** The newest time of a name up to which that is true of what is recent, epoch milliseconds. */
  readonly watermark: number | null;
  readonly place: SweepPlace;
}

function afterListing(
  state: CheckpointState,
  { sweep }: ListingPlan,
  { isComplete, watermark: newest, place }: DealtWith,
  now: number,
): CheckpointState {
  // A name that tells a time to come must not keep those of now from being seen.
  const watermark = newest === null ? state.watermark : Math.min(now, Math.max(newest, state.watermark ?? newest));
  if (sweep === undefined) return { ...state, watermark };
  if (!isComplete) return { ...state, watermark, sweep: { ...sweep, ...place } };
  return { ...state, watermark, sweep: null, fullListing: { at: sweep.startedAt, objects: place.objects } };
}

function dealtWithOf(left: readonly Candidate[], tally: ListingTally): DealtWith {
  const isComplete = tally.isComplete && left.length === 0;
  const isRecentLeft = left.some(({ place, pending }) => place === undefined && pending === undefined);
  const place = left.find((candidate) => candidate.place !== undefined)?.place ?? tally.place;
  const watermark = isComplete ? tally.newest : isRecentLeft ? null : tally.newestRecent;
  return { isComplete, watermark, place };
}

/**
 * Brings to an end what runs have left that did not come to their own.
 * @throws LeaseLostError, and what the stores throw
 */
export async function recoverCheckpoint(deps: CheckpointDeps, session: Session): Promise<void> {
  await createFolding(deps, session, { tombstones: new Set() }).recover();
}

interface FoldingOptions extends RunOptions {
  readonly tombstones: Tombstones;
}

function createFolding(deps: CheckpointDeps, session: Session, options: FoldingOptions) {
  const { source, target, clock, concurrency = DEFAULT_CONCURRENCY } = deps;
  const { tombstones } = options;
  const dataset = withoutDeleted(deps.dataset, tombstones);
  const { since, remainingMs = () => Number.POSITIVE_INFINITY } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const layout = layoutOf(dataset.name);
  const commit = { objects: target, schema: dataset.schema, session };
  const reservedMs = Math.min(MOST_RESERVED_MS, remainingMs() * RESERVED_SHARE);
  const isTimeOver = (): boolean => remainingMs() < reservedMs;
  const ragged = new Set<string>();

  /** Of the segments that count now. */
  let known = createManifest(target, layout.manifest, session.state.segments);
  const manifest: Manifest = { has: (version) => known.has(version) };
  /** Of intents and of segments: what a file or the manifest knows by it is this one batch, and no other. */
  let names = 0;
  const newName = (): string => {
    names += 1;
    return `${session.runId}-${names}`;
  };

  /** The end of an intent: the manifest knows its objects, and what could not be done is pending. */
  async function settle(from: CheckpointState, intent: Intent, outcomes: readonly GroupOutcome[]): Promise<void> {
    const { segments, obsolete } = await growManifest(
      target,
      { prefix: layout.manifest, segments: from.segments, name: newName() },
      versionsOf(intent),
    );
    await session.update(() => ({ ...settled(from, intent, outcomes), segments }));
    known = createManifest(target, layout.manifest, segments);
    // What nobody refers to does no harm when it stays.
    await Promise.allSettled(obsolete.map((name) => target.delete(layout.manifest + name)));
  }

  async function foldBatch({ intent, tables }: Batch, taken: ReadonlySet<PendingObject>) {
    if (intent.objects.length === 0 && taken.size === 0) return [];
    const next = withIntent(session.state, intent, taken);
    // Without files to write, one change of the state is enough.
    if (intent.groups.length > 0) await session.update(() => next);
    const built = tables.map((table) => table.build());
    const outcomes = await commitGroups(commit, intent, built);
    await settle(next, intent, outcomes);
    return outcomes;
  }

  /** What is left of the batch before, and more. */
  async function takeBatch(
    candidates: AsyncGenerator<Candidate | undefined>,
    left: readonly Candidate[],
    report: ReportBuilder,
  ): Promise<readonly Candidate[]> {
    const startedAt = clock.now();
    const batch = [...left];
    let bytes = left.reduce((sum, { size }) => sum + size, 0);
    while (batch.length < limits.objects && bytes < limits.bytes) {
      const { done, value } = await candidates.next();
      if (done === true) break;
      if (value === undefined) {
        await session.renew();
        if (isTimeOver() || (batch.length > 0 && clock.now() - startedAt >= limits.listingMs)) break;
        continue;
      }
      batch.push(value);
      bytes += value.size;
      report.onFound();
    }
    return batch;
  }

  async function readAndFold(candidates: readonly Candidate[], report: ReportBuilder): Promise<readonly Candidate[]> {
    const startedAt = clock.now();
    const isOver = (): boolean => isTimeOver() || clock.now() - startedAt > limits.readingMs;
    const { rewrites } = session.state;
    const batch = await readBatch({ source, dataset, manifest, rewrites }, candidates, {
      ...{ id: newName(), since, now: startedAt, concurrency, isOver },
      onRead: () => report.onRead(),
    });
    const left = new Set(batch.left);
    const taken = candidates.flatMap((candidate) => (left.has(candidate) ? [] : (candidate.pending ?? [])));
    const outcomes = await foldBatch(batch, new Set(taken));
    report.addBatch(batch, outcomes);
    for (const [index, path] of batch.intent.groups.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'committed' && outcome.isRagged) ragged.add(path);
    }
    return batch.left;
  }

  return {
    /** Brings to an end what runs have left that did not come to their own. */
    async recover(): Promise<void> {
      const { state } = session;
      if (state.intent !== null) await settle(state, state.intent, await recoverGroups(commit, state.intent));
      const cleared = await clearDoubts(session.state, target, dataset.schema);
      if (cleared !== session.state) await session.update(() => cleared);
      await settleRewrites(deps, session, newName);
      known = createManifest(target, layout.manifest, session.state.segments);
    },

    /** Tidies up files that have become ragged, as far as there is time: what they hold stays the same. */
    async compact(report: ReportBuilder): Promise<void> {
      for (const path of ragged) {
        if (isTimeOver()) return;
        try {
          await compactGroup(deps, session, path, { always: false, tombstones });
        } catch (error) {
          if (error instanceof LeaseLostError) throw error;
          report.compactionFailed(path, error);
        }
      }
    },

    async fold(plan: ListingPlan, pageSize: number, listing: ListingTally, report: ReportBuilder): Promise<DealtWith> {
      const { pending } = session.state;
      // What waits, waits for all its rows: a run for later events leaves it alone.
      const query = { pending, plan, pageSize, tally: listing, retry: since === undefined };
      const candidates = findCandidates({ source, dataset, manifest }, query);
      let left: readonly Candidate[] = [];
      while (!isTimeOver()) {
        const batch = await takeBatch(candidates, left, report);
        if (batch.length === 0) break;
        left = await readAndFold(batch, report);
      }
      const dealtWith = dealtWithOf(left, listing);
      if (dealtWith.isComplete) return dealtWith;
      // As many as can be counted in the time that is kept.
      let count = left.length;
      for await (const candidate of candidates) {
        if (candidate !== undefined) count += 1;
        if (remainingMs() < reservedMs / 2) break;
      }
      if (count > 0 || !listing.isComplete) report.cutOff(count);
      return dealtWith;
    },
  };
}
