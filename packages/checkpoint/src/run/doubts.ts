/** Clears up what earlier runs may have written without learning that they did: the files tell. */

import type { TableSchema } from '@millrace/parquet';
import type { CheckpointState, GroupState, PendingObject } from '../state/checkpoint-state.ts';
import type { CheckpointObjects } from './checkpoint-deps.ts';
import { groupStateOf, readGroupFile } from './group-file.ts';

/**
 * @returns the state with what turned out to be written taken off what is pending; the same one when nothing did. A file
 *   that cannot be read now leaves its doubts as they are.
 */
export async function clearDoubts(
  state: CheckpointState,
  objects: CheckpointObjects,
  schema: TableSchema,
): Promise<CheckpointState> {
  const paths = new Set(state.pending.flatMap(({ runs, groups }) => (runs === undefined ? [] : (groups ?? []))));
  const written = new Map<string, { readonly commits: ReadonlySet<string>; readonly group: GroupState }>();
  for (const path of paths) {
    try {
      const found = await readGroupFile(objects, schema, path, state.groups[path]?.bytes);
      if (found === undefined) continue;
      written.set(path, { commits: new Set(found.commits), group: groupStateOf(found) });
    } catch {
      // The run will meet the same error when it writes the file, and report it.
    }
  }
  const groups: Record<string, GroupState> = { ...state.groups };
  const isWritten = (path: string, runs: readonly string[]): boolean => {
    const file = written.get(path);
    if (file === undefined || !runs.some((run) => file.commits.has(run))) return false;
    groups[path] = file.group;
    return true;
  };
  const pending = state.pending.flatMap((object): readonly PendingObject[] => {
    const { runs, groups: lacking } = object;
    if (runs === undefined || lacking === undefined) return [object];
    const left = lacking.filter((path) => !isWritten(path, runs));
    if (left.length === lacking.length) return [object];
    return left.length === 0 ? [] : [{ ...object, groups: left }];
  });
  const isSame =
    pending.every((object, index) => object === state.pending[index]) && pending.length === state.pending.length;
  return isSame ? state : { ...state, pending, groups };
}
