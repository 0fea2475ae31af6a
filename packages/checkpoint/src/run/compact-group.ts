/** Writes a file anew, sorted and in few row groups. What it holds stays the same, but for rows that are deleted. */

import { compactParquet, needsCompaction, type Row } from '@millrace/parquet';
import { countDeleted } from '../deletion/deleted-in-file.ts';
import { deletedRows, type Tombstones } from '../deletion/tombstones.ts';
import type { GroupState } from '../state/checkpoint-state.ts';
import type { Session } from '../state/session.ts';
import type { CheckpointDeps } from './checkpoint-deps.ts';
import { deletedMetadata, groupStateOf, openGroupFile } from './group-file.ts';

export interface CompactedFile {
  readonly path: string;
  /** That it has now. */
  readonly rows: number;
  /** Deleted rows that were taken out. */
  readonly removed: number;
  /** False: it was good as it is. */
  readonly isWritten: boolean;
  readonly bytesBefore: number;
  readonly bytes: number;
}

interface CompactGroupOptions {
  /** Also when it is good as it is. */
  readonly always: boolean;
  readonly tombstones: Tombstones;
}

/** @throws LeaseLostError, GroupFileError, and what the store throws: the file is then the old one or the new one */
export async function compactGroup(
  { dataset, target }: Pick<CheckpointDeps, 'dataset' | 'target'>,
  session: Session,
  path: string,
  { always, tombstones }: CompactGroupOptions,
): Promise<CompactedFile> {
  const group = await openGroupFile(target, dataset.schema, path, session.state.groups[path]);
  if (group.kind === 'new') throw new Error(`${path} is not there`);
  const { etag: old, file } = group;
  const bytesBefore = file.source.size;
  const removed = await countDeleted(dataset, file, tombstones);
  if (!always && removed === 0 && !needsCompaction(file)) {
    // A compaction whose answer was lost has left the state behind.
    if (session.state.groups[path]?.etag !== old) {
      await session.update((state) => ({ ...state, groups: { ...state.groups, [path]: groupStateOf(group) } }));
    }
    return { path, rows: file.rows, removed, isWritten: false, bytesBefore, bytes: bytesBefore };
  }
  await session.assertOwned();
  const deleted = group.deleted + removed;
  const isDeleted = deletedRows(dataset, tombstones);
  const { chunks, length } = measured(
    compactParquet(file, {
      metadata: deletedMetadata(deleted),
      ...(removed === 0 ? {} : { keepRow: (row: Row) => !isDeleted(row) }),
    }),
  );
  const { etag } = await target.putChunks(path, chunks, { condition: { kind: 'unchanged', etag: old } });
  const rows = file.rows - removed;
  const compacted: GroupState = { rows, bytes: length(), etag, ...(deleted === 0 ? {} : { deleted }) };
  await session.update((state) => ({ ...state, groups: { ...state.groups, [path]: compacted } }));
  return { path, rows, removed, isWritten: true, bytesBefore, bytes: compacted.bytes };
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
