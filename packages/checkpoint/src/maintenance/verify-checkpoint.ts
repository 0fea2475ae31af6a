/** Counts the sources again and compares them with the files, row by row. Changes nothing, and takes no lease. */

import { errorMessage } from '@millrace/core';
import { deletedRows, readTombstones, withoutDeleted } from '../deletion/tombstones.ts';
import { CheckpointMissingError } from '../errors.ts';
import { layoutOf } from '../layout.ts';
import { createManifest } from '../manifest/manifest.ts';
import { versionName } from '../manifest/object-version.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import { readGroupFile } from '../run/group-file.ts';
import { readState } from '../state/checkpoint-state.ts';
import { createRowCounts, rowsOfFile } from './row-counts.ts';
import { readSources } from './source-objects.ts';

export interface VerifyReport {
  /** Whether every row of every source that is folded is in its file, and every row of the files has its source. */
  readonly ok: boolean;
  readonly objects: {
    /** Sources that are taken in, and still there. */
    readonly folded: number;
    /** Not folded yet: not a difference. */
    readonly fresh: number;
    /** Waiting for a file or for their bytes: not a difference either. */
    readonly pending: number;
    /** Versions that were folded and are no longer there: removed, or rewritten. */
    readonly vanished: number;
  };
  readonly files: readonly FileVerdict[];
}

export interface FileVerdict {
  readonly path: string;
  readonly rows: number;
  /** Rows of sources that the file lacks. */
  readonly missing: number;
  /** Keys of the objects that these are from, at most `MAX_NAMED`. */
  readonly missingFrom: readonly string[];
  /** Rows without a source: to be expected of sources that have vanished, else not. */
  readonly withoutSource: number;
  /** Why the file cannot be read. */
  readonly problem?: string;
}

const MAX_NAMED = 20;

export interface VerifyOptions {
  readonly onProgress?: (progress: { readonly read: number }) => void;
}

/** @throws CheckpointMissingError, CorruptStateError, and what the stores throw */
export async function verifyCheckpoint(
  deps: CheckpointDeps,
  { onProgress }: VerifyOptions = {},
): Promise<VerifyReport> {
  const { dataset, target } = deps;
  const layout = layoutOf(dataset.name);
  const state = await readState(target, layout.state);
  if (state === undefined) throw new CheckpointMissingError(dataset.name, layout.state);
  const tombstones = await readTombstones(target, dataset);
  const isDeleted = deletedRows(dataset, tombstones);
  const manifest = createManifest(target, layout.manifest, state.segments);
  const waiting = new Set(state.pending.map(versionName));
  const expected = createRowCounts();
  /** Rows that may be there already, or not. */
  const possible = createRowCounts();
  const problems = new Map<string, string>();
  let [read, folded, fresh, pending] = [0, 0, 0, 0];

  const onRead = (): void => {
    read += 1;
    onProgress?.({ read });
  };
  const held = new Map<string, number>();
  // First the files, so that what a row is missing from can be named while the sources are gone through.
  for (const [path, { bytes }] of Object.entries(state.groups)) {
    try {
      const group = await readGroupFile(target, dataset.schema, path, bytes);
      if (group === undefined) throw new Error('is gone');
      for await (const row of rowsOfFile(dataset.schema, group.file)) {
        if (!isDeleted(row)) expected.add(path, row);
      }
      held.set(path, group.file.rows);
    } catch (error) {
      problems.set(path, errorMessage(error));
    }
  }
  const missing = new Map<string, { count: number; readonly keys: Set<string> }>();
  for await (const { version, rows } of readSources(
    { ...deps, dataset: withoutDeleted(dataset, tombstones) },
    onRead,
  )) {
    const isWaiting = waiting.has(versionName(version));
    if (!isWaiting && !(await manifest.has(version))) {
      fresh += 1;
      continue;
    }
    if (isWaiting) pending += 1;
    else folded += 1;
    for (const [path, list] of rows) {
      for (const { values } of list) {
        if (isWaiting) possible.add(path, values);
        else if (expected.count(path, values) > 0) expected.add(path, values, -1);
        else noteMissing(missing, path, version.key);
      }
    }
  }
  const paths = new Set([...Object.keys(state.groups), ...missing.keys()]);
  const files = [...paths].sort().map((path): FileVerdict => {
    const { count, keys } = missing.get(path) ?? { count: 0, keys: new Set<string>() };
    const problem = problems.get(path);
    return {
      ...{ path, rows: held.get(path) ?? 0, missing: count, missingFrom: [...keys] },
      withoutSource: Math.max(0, expected.balance(path).over - possible.balance(path).over),
      ...(problem === undefined ? {} : { problem }),
    };
  });
  const known = state.segments.reduce((sum, { count }) => sum + count, 0);
  const vanished = Math.max(0, known - folded - pending - state.totals.refused);
  return {
    ok: files.every((file) => isRight(file, vanished)),
    objects: { folded, fresh, pending, vanished },
    files,
  };
}

function isRight({ missing, withoutSource, problem }: FileVerdict, vanished: number): boolean {
  return missing === 0 && problem === undefined && (withoutSource === 0 || vanished > 0);
}

function noteMissing(
  missing: Map<string, { count: number; readonly keys: Set<string> }>,
  path: string,
  key: string,
): void {
  const entry = missing.get(path) ?? { count: 0, keys: new Set<string>() };
  entry.count += 1;
  if (entry.keys.size < MAX_NAMED) entry.keys.add(key);
  missing.set(path, entry);
}
