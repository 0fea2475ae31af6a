/** Writes files anew, sorted and in few row groups. What they hold stays the same. */

import { compactParquet, needsCompaction } from '@millrace/parquet';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import { openGroupFile } from '../run/group-file.ts';
import { openCheckpoint } from '../run/open-checkpoint.ts';
import type { Session } from '../state/session.ts';

export interface CompactReport {
  readonly files: readonly CompactedFile[];
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}

export interface CompactedFile {
  readonly path: string;
  readonly rows: number;
  /** False: it was good as it is. */
  readonly isWritten: boolean;
  readonly bytesBefore: number;
  readonly bytes: number;
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
    const paths = Object.keys(session.state.groups);
    const files: CompactedFile[] = [];
    const failures: { path: string; reason: string }[] = [];
    for (const [done, path] of paths.entries()) {
      options.onProgress?.({ done, files: paths.length });
      try {
        files.push(await compactGroup(deps, session, path, options.all ?? false));
      } catch (error) {
        failures.push({ path, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return { files, failures };
  } finally {
    await session.end();
  }
}

/** @throws LeaseLostError, GroupFileError, and what the store throws: the file is then the old one or the new one */
export async function compactGroup(
  { dataset, target }: Pick<CheckpointDeps, 'dataset' | 'target'>,
  session: Session,
  path: string,
  always: boolean,
): Promise<CompactedFile> {
  const group = await openGroupFile(target, dataset.schema, path, session.state.groups[path]);
  if (group.kind === 'new') throw new Error(`${path} is not there`);
  const { etag: old, file } = group;
  const before = { path, rows: file.rows, bytesBefore: file.source.size };
  if (!always && !needsCompaction(file)) return { ...before, isWritten: false, bytes: file.source.size };
  await session.assertOwned();
  const { chunks, length } = measured(compactParquet(file));
  const { etag } = await target.putChunks(path, chunks, { condition: { kind: 'unchanged', etag: old } });
  const compacted = { rows: file.rows, bytes: length(), etag };
  await session.update((state) => ({ ...state, groups: { ...state.groups, [path]: compacted } }));
  return { ...before, isWritten: true, bytes: compacted.bytes };
}

function measured(chunks: AsyncIterable<Uint8Array>) {
  let bytes = 0;
  return {
    length: () => bytes,
    chunks: (async function* () {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        yield chunk;
      }
    })(),
  };
}
