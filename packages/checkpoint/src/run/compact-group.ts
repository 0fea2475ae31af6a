/** Writes a file anew, sorted and in few row groups. What it holds stays the same. */

import { compactParquet, needsCompaction } from '@millrace/parquet';
import type { Session } from '../state/session.ts';
import type { CheckpointDeps } from './checkpoint-deps.ts';
import { openGroupFile } from './group-file.ts';

export interface CompactedFile {
  readonly path: string;
  readonly rows: number;
  /** False: it was good as it is. */
  readonly isWritten: boolean;
  readonly bytesBefore: number;
  readonly bytes: number;
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
