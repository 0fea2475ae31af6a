/**
 * Makes a checkpoint anew from its sources: aside first, then in place of what is there, and not in place of files with
 * more rows unless that is asked for. A rebuild that is cut off while it puts files in place leaves a mark, at which runs
 * stop until a rebuild has come to its end.
 */

import { MillraceError } from '@millrace/core';
import { countDeleted } from '../deletion/deleted-in-file.ts';
import { addTombstones, readTombstones, type Tombstones } from '../deletion/tombstones.ts';
import { layoutOf } from '../layout.ts';
import type { CheckpointDeps, CheckpointObjects } from '../run/checkpoint-deps.ts';
import { readGroupFile } from '../run/group-file.ts';
import { groupFiles, isGroupPath, openCheckpoint } from '../run/open-checkpoint.ts';
import type { RunProgress } from '../run/report-builder.ts';
import { runCheckpoint } from '../run/run-checkpoint.ts';
import type { RunReport } from '../run/run-report.ts';
import { type CheckpointState, type GroupState, readState } from '../state/checkpoint-state.ts';
import type { Session } from '../state/session.ts';
import { objectsBelow } from './objects-below.ts';

export interface RebuildReport {
  /** Of the run that made it. */
  readonly run: RunReport;
  readonly files: readonly RebuiltFile[];
}

export interface RebuiltFile {
  readonly path: string;
  /** Undefined: there was none, or none that can be read. */
  readonly rowsBefore: number | undefined;
  /** Undefined: there is none any more. */
  readonly rows: number | undefined;
}

export interface RebuildOptions {
  /** Also in place of files with more rows: those without a source any more are lost. */
  readonly acceptLoss?: boolean;
  readonly patienceMs?: number | undefined;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** What was made has fewer rows than what is there: nothing was replaced. */
export class RebuildLossError extends MillraceError {
  readonly files: readonly RebuiltFile[];

  constructor(files: readonly RebuiltFile[]) {
    const list = files.map(({ path, rowsBefore, rows = 0 }) => `${path} (${rowsBefore} → ${rows} rows)`).join(', ');
    super(
      'rebuild-loss',
      `rows would be lost, whose sources are not there any more: ${list}; --accept-loss replaces all the same`,
    );
    this.files = files;
  }
}

/** Sources could not be read: what was made of the others must not take the place of what is there. */
export class RebuildIncompleteError extends MillraceError {
  constructor(report: RunReport) {
    const reasons = report.failures
      .filter(({ kind }) => kind !== 'content')
      .map(({ key, reasons: [first] }) => `${key}: ${first}`);
    super(
      'rebuild-incomplete',
      `not everything could be read, so nothing was replaced: ${reasons.slice(0, 5).join('; ')}`,
      {
        retryable: true,
      },
    );
  }
}

/** @throws RebuildLossError, RebuildIncompleteError, LeaseHeldError, LeaseLostError, and what the stores throw */
export async function rebuildCheckpoint(deps: CheckpointDeps, options: RebuildOptions = {}): Promise<RebuildReport> {
  const { dataset, target, newRunId } = deps;
  const layout = layoutOf(dataset.name);
  const runId = newRunId();
  const session = await openCheckpoint(deps, { runId, patienceMs: options.patienceMs, purpose: 'rebuild' });
  const aside = objectsBelow(target, `${layout.rebuild}${runId}/`);
  try {
    const tombstones = await readTombstones(target, dataset);
    if (tombstones.size > 0) await addTombstones(aside, dataset, tombstones);
    const run = await runCheckpoint(
      { ...deps, target: aside },
      options.onProgress === undefined ? {} : { onProgress: options.onProgress },
    );
    const isWhole = run.complete && run.failures.every(({ kind }) => kind === 'content');
    if (!isWhole) throw new RebuildIncompleteError(run);
    const made = await stateOf(aside, layout.state);
    const files = await compareFiles(deps, session, made, tombstones);
    const losses = lossesOf(files, dataset.template);
    if (losses.length > 0 && options.acceptLoss !== true) throw new RebuildLossError(losses);
    await putInPlace(deps, session, aside, made);
    return { run, files };
  } finally {
    await session.end();
    await removeBelow(aside);
  }
}

/** Files that have fewer rows now; all of them when another template spreads the rows over other files. */
function lossesOf(files: readonly RebuiltFile[], template: string): readonly RebuiltFile[] {
  if (files.every(({ path }) => isGroupPath(template, path))) {
    return files.filter(({ rowsBefore = 0, rows = 0 }) => rows < rowsBefore);
  }
  const gain = files.reduce((sum, { rowsBefore = 0, rows = 0 }) => sum + rows - rowsBefore, 0);
  return gain < 0 ? files : [];
}

async function stateOf(objects: CheckpointObjects, key: string): Promise<CheckpointState> {
  const state = await readState(objects, key);
  if (state === undefined) throw new Error(`${key} is not there`);
  return state;
}

/** All files that are there, were there, or will be. */
async function compareFiles(
  { dataset, target }: CheckpointDeps,
  session: Session,
  made: CheckpointState,
  tombstones: Tombstones,
): Promise<readonly RebuiltFile[]> {
  const there = await groupFiles(target, dataset);
  const paths = new Set([...there, ...Object.keys(session.state.groups), ...Object.keys(made.groups)]);
  const files: RebuiltFile[] = [];
  for (const path of [...paths].sort()) {
    const rowsBefore = await countRows({ dataset, target }, path, session.state.groups[path], tombstones);
    files.push({ path, rowsBefore, rows: made.groups[path]?.rows });
  }
  return files;
}

/** Rows that are not deleted. Of a file that is gone or cannot be read, what was known of it. */
async function countRows(
  { dataset, target }: Pick<CheckpointDeps, 'dataset' | 'target'>,
  path: string,
  known: GroupState | undefined,
  tombstones: Tombstones,
): Promise<number | undefined> {
  try {
    const group = await readGroupFile(target, dataset.schema, path, undefined);
    return group === undefined ? known?.rows : group.file.rows - (await countDeleted(dataset, group.file, tombstones));
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'group-file') return known?.rows;
    throw error;
  }
}

async function putInPlace(
  { dataset, target }: CheckpointDeps,
  session: Session,
  aside: CheckpointObjects,
  made: CheckpointState,
): Promise<void> {
  const { manifest } = layoutOf(dataset.name);
  const obsolete = session.state.segments;
  const there = await groupFiles(target, dataset);
  const old = new Set([...there, ...Object.keys(session.state.groups)]);
  await session.update((state) => ({ ...state, isRebuilding: true }));
  for (const { name } of made.segments) await copy(aside, target, manifest + name);
  const groups: Record<string, GroupState> = {};
  for (const [path, { rows, bytes }] of Object.entries(made.groups)) {
    await session.assertOwned();
    groups[path] = { rows, bytes, etag: await copy(aside, target, path) };
  }
  for (const path of old) if (groups[path] === undefined) await target.delete(path);
  await session.update((state) => ({
    ...{ ...made, groups, lease: state.lease, isRebuilding: false },
    // One that takes effect late is what the rebuild has read all the same.
    rewrites: state.rewrites,
  }));
  const kept = new Set(made.segments.map(({ name }) => name));
  await Promise.allSettled(obsolete.flatMap(({ name }) => (kept.has(name) ? [] : target.delete(manifest + name))));
}

const CHUNK_BYTES = 8 * 1_024 * 1_024;

/** @returns the ETag of the copy */
async function copy(from: CheckpointObjects, to: CheckpointObjects, key: string): Promise<string> {
  const { etag } = await to.putChunks(key, chunksOf(from, key));
  return etag;
}

async function* chunksOf(objects: CheckpointObjects, key: string): AsyncGenerator<Uint8Array> {
  const info = await objects.head(key);
  for (let start = 0; start < (info?.size ?? 0); start += CHUNK_BYTES) {
    const part = await objects.get(key, { range: { start, end: start + CHUNK_BYTES } });
    if (part === undefined || part.etag !== info?.etag) throw new Error(`${key} changed while it was copied`);
    yield part.bytes;
  }
}

async function removeBelow(objects: CheckpointObjects): Promise<void> {
  try {
    for (;;) {
      const page = await objects.list({ limit: 1_000 });
      await Promise.all(page.objects.map(({ key }) => objects.delete(key)));
      if (!page.more) return;
    }
  } catch {
    // What is left of it lies where nobody looks, and does no harm.
  }
}
