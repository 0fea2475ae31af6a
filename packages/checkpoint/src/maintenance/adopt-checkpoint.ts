/**
 * Takes in files that no state knows: of each source object it is found out whether its rows are in them. Those whose rows
 * are there count as folded; the others are folded by the next run.
 */

import { MillraceError } from '@millrace/core';
import { readTombstones, withoutDeleted } from '../deletion/tombstones.ts';
import { layoutOf } from '../layout.ts';
import { createManifest, growManifest } from '../manifest/manifest.ts';
import type { ObjectVersion } from '../manifest/object-version.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import { groupStateOf, readGroupFile } from '../run/group-file.ts';
import { groupFiles, openCheckpoint } from '../run/open-checkpoint.ts';
import type { CheckpointState, GroupState, PendingObject } from '../state/checkpoint-state.ts';
import { createRowCounts, type RowCounts, rowsOfFile } from './row-counts.ts';
import { readSources, type SourceObject } from './source-objects.ts';

export interface AdoptReport {
  /** Files that were taken in. */
  readonly files: readonly { readonly path: string; readonly rows: number; readonly withoutSource: number }[];
  /** Sources whose rows are all in files. */
  readonly folded: number;
  /** Sources that the next run folds, whole or in part. */
  readonly left: number;
}

export interface AdoptOptions {
  readonly patienceMs?: number | undefined;
  readonly onProgress?: (progress: { readonly read: number }) => void;
}

/** Some rows of an object are in a file, and others that belong there are not: neither folded nor new. */
export class PartlyFoldedError extends MillraceError {
  constructor(objects: readonly string[]) {
    super(
      'partly-folded',
      `of these objects a file holds some rows and lacks others, so it cannot be taken in: ${objects.join(', ')}`,
    );
  }
}

const MAX_NAMED = 20;

/**
 * Changes no file.
 * @throws PartlyFoldedError, GroupFileError for a file that no run could add to; and as `runCheckpoint` does
 */
export async function adoptCheckpoint(deps: CheckpointDeps, options: AdoptOptions = {}): Promise<AdoptReport> {
  const { dataset, target, clock, newRunId } = deps;
  const layout = layoutOf(dataset.name);
  const session = await openCheckpoint(deps, { runId: newRunId(), patienceMs: options.patienceMs, purpose: 'adopt' });
  try {
    const { state } = session;
    const known = new Set(Object.keys(state.groups));
    const unknown = (await groupFiles(target, dataset)).filter((path) => !known.has(path));
    const held = createRowCounts();
    const files = new Map<string, GroupState>();
    for (const path of unknown) {
      const group = await readGroupFile(target, dataset.schema, path, undefined);
      if (group === undefined) continue;
      for await (const row of rowsOfFile(dataset.schema, group.file)) held.add(path, row);
      files.set(path, groupStateOf(group));
    }
    const kept = withoutDeleted(dataset, await readTombstones(target, dataset));
    const taken = await compare({ ...deps, dataset: kept }, state, { held, files }, options.onProgress);
    const { segments } = await growManifest(
      target,
      { prefix: layout.manifest, segments: state.segments, name: `${session.runId}-1` },
      taken.versions,
    );
    await session.update((before) => ({
      ...before,
      segments,
      groups: { ...before.groups, ...Object.fromEntries(files) },
      pending: [...taken.stillPending, ...taken.newPending.map((object) => ({ ...object, since: clock.now() }))],
      totals: { ...before.totals, objects: before.totals.objects + taken.versions.length },
    }));
    return {
      files: [...files].map(([path, { rows }]) => ({ path, rows, withoutSource: held.balance(path).over })),
      folded: taken.folded,
      left: taken.left,
    };
  } finally {
    await session.end();
  }
}

interface AdoptedFiles {
  /** Rows that no source was found for so far. */
  readonly held: RowCounts;
  readonly files: ReadonlyMap<string, GroupState>;
}

interface Comparison {
  /** For the manifest. */
  readonly versions: readonly ObjectVersion[];
  readonly stillPending: readonly PendingObject[];
  readonly newPending: readonly Omit<PendingObject, 'since'>[];
  readonly folded: number;
  readonly left: number;
}

async function compare(
  deps: CheckpointDeps,
  state: CheckpointState,
  adopted: AdoptedFiles,
  onProgress: AdoptOptions['onProgress'],
): Promise<Comparison> {
  const manifest = createManifest(deps.target, layoutOf(deps.dataset.name).manifest, state.segments);
  const versions: ObjectVersion[] = [];
  const newPending: Omit<PendingObject, 'since'>[] = [];
  const torn: string[] = [];
  let stillPending = state.pending;
  let [read, folded, left] = [0, 0, 0];
  for await (const object of readSources(deps)) {
    read += 1;
    onProgress?.({ read });
    const { present, absent, isTorn } = takeRows(object, adopted);
    if (isTorn) torn.push(object.version.key);
    const { version } = object;
    if (await manifest.has(version)) {
      stillPending = stillPending.flatMap((entry) => withoutGroups(entry, version, present));
      continue;
    }
    if (present.length === 0) {
      left += 1;
      continue;
    }
    versions.push(version);
    if (absent.length === 0) {
      folded += 1;
      continue;
    }
    left += 1;
    newPending.push({ ...version, groups: absent, reason: 'only some of its files were taken in' });
  }
  if (torn.length > 0) throw new PartlyFoldedError(torn.slice(0, MAX_NAMED));
  return { versions, stillPending, newPending, folded, left };
}

/** Takes an object's rows out of those that files hold. */
function takeRows({ rows }: SourceObject, { held, files }: AdoptedFiles) {
  const present: string[] = [];
  const absent: string[] = [];
  let isTorn = false;
  for (const [path, list] of rows) {
    if (!files.has(path)) {
      absent.push(path);
      continue;
    }
    let found = 0;
    for (const { values } of list) {
      if (held.count(path, values) <= 0) continue;
      held.add(path, values, -1);
      found += 1;
    }
    if (found === list.length) present.push(path);
    else absent.push(path);
    isTorn ||= found > 0 && found < list.length;
  }
  return { present, absent, isTorn };
}

function withoutGroups(
  entry: PendingObject,
  { key, etag }: ObjectVersion,
  present: readonly string[],
): readonly PendingObject[] {
  if (entry.key !== key || entry.etag !== etag || entry.groups === undefined) return [entry];
  const groups = entry.groups.filter((path) => !present.includes(path));
  return groups.length === 0 ? [] : [{ ...entry, groups }];
}
