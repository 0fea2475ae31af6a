/** Writes files anew, sorted and in few row groups. What they hold stays the same, but for rows that are deleted. */

import { errorMessage } from '@millrace/core';
import { readTombstones } from '../deletion/tombstones.ts';
import { LeaseLostError } from '../errors.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import { type CompactedFile, compactGroup } from '../run/compact-group.ts';
import { openCheckpoint } from '../run/open-checkpoint.ts';

export interface CompactReport {
  readonly files: readonly CompactedFile[];
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}

export interface CompactOptions {
  /** Also files that do not need it. */
  readonly all?: boolean;
  readonly patienceMs?: number | undefined;
  readonly onProgress?: (progress: { readonly done: number; readonly files: number }) => void;
}

/** @throws as `runCheckpoint` does; what goes wrong with one file is reported, and the others go on */
export async function compactCheckpoint(deps: CheckpointDeps, options: CompactOptions = {}): Promise<CompactReport> {
  const session = await openCheckpoint(deps, { runId: deps.newRunId(), patienceMs: options.patienceMs });
  try {
    const tombstones = await readTombstones(deps.target, deps.dataset);
    const paths = Object.keys(session.state.groups);
    const files: CompactedFile[] = [];
    const failures: { path: string; reason: string }[] = [];
    for (const [done, path] of paths.entries()) {
      options.onProgress?.({ done, files: paths.length });
      try {
        files.push(await compactGroup(deps, session, path, { always: options.all ?? false, tombstones }));
      } catch (error) {
        if (error instanceof LeaseLostError) throw error;
        failures.push({ path, reason: errorMessage(error) });
      }
    }
    return { files, failures };
  } finally {
    await session.end();
  }
}
