/**
 * Writes the groups of a batch. The order makes it safe against a run that was taken for dead and goes on: first the
 * file is opened, then the state is asked whether this run still owns it, then the file is written under the condition
 * that it is the one that was opened. A run that lost its state between the last two loses the condition, because
 * whoever took over writes the file, or finds in it that this one did.
 */

import { errorMessage, PreconditionFailedError } from '@millrace/core';
import { needsCompaction, type ParquetFile, type Table, type TableSchema } from '@millrace/parquet';
import pMap from 'p-map';
import { GroupFileError, LeaseLostError } from '../errors.ts';
import type { CheckpointState, GroupState, Intent } from '../state/checkpoint-state.ts';
import type { Session } from '../state/session.ts';
import type { CheckpointObjects } from './checkpoint-deps.ts';
import { changeGroup, groupStateOf, openGroupFile, readGroupFile } from './group-file.ts';

export type GroupOutcome =
  | {
      readonly kind: 'committed';
      readonly group: GroupState;
      readonly added: number;
      /** Whether the file, as it was before, should be compacted. */
      readonly isRagged: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      /** It may have been written all the same, now or a little later. */
      readonly uncertain: boolean;
    };

interface CommitDeps {
  readonly objects: CheckpointObjects;
  readonly schema: TableSchema;
  readonly session: Session;
}

const GROUPS_AT_ONCE = 16;
const TRIES = 5;

/** @throws LeaseLostError; anything else that goes wrong is the outcome of its group */
export async function commitGroups(
  deps: CommitDeps,
  intent: Intent,
  tables: readonly Table[],
): Promise<readonly GroupOutcome[]> {
  return await pMap(
    intent.groups,
    (path, index) => {
      const table = tables[index];
      if (table === undefined) throw new Error(`no table for ${path}`);
      return commitGroup(deps, intent, { path, index, table });
    },
    { concurrency: GROUPS_AT_ONCE },
  );
}

interface GroupWork {
  readonly path: string;
  /** Among the groups of the intent. */
  readonly index: number;
  readonly table: Table;
}

async function commitGroup(deps: CommitDeps, intent: Intent, work: GroupWork): Promise<GroupOutcome> {
  const { objects, schema, session } = deps;
  const { path, table } = work;
  const { id } = intent;
  const doubtful = doubtfulRuns(intent, work.index);
  const waitedFor = new Set([...doubtful, ...runsWaitedFor(session.state)]);
  let mayBeWritten = false;
  for (let attempt = 1; ; attempt += 1) {
    let isWriting = false;
    try {
      const isFirst = attempt === 1 && !mayBeWritten;
      const known = session.state.groups[path];
      const group =
        known === undefined && isFirst
          ? ({ kind: 'new', path } as const)
          : await openGroupFile(objects, schema, path, known);
      if (group.kind === 'open') {
        const { commits, file } = group;
        if (commits.includes(id)) {
          return { kind: 'committed', group: groupStateOf(group), added: table.rows, isRagged: isRagged(file) };
        }
        if (commits.some((run) => doubtful.has(run))) {
          const reason = `${path} was written by a run that was taken for failed; its rows are counted by the next run`;
          return { kind: 'failed', reason, uncertain: mayBeWritten };
        }
        if (known === undefined) {
          const problem = 'exists, and no run of this checkpoint made it; `millrace checkpoint adopt` takes it in';
          throw new GroupFileError(path, problem);
        }
      }
      const change = await changeGroup(group, schema, table, { id, waitedFor });
      await session.assertOwned();
      isWriting = true;
      const written = await change.write(objects);
      const ragged = group.kind === 'open' && isRagged(group.file);
      return { kind: 'committed', group: written, added: table.rows, isRagged: ragged };
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      const isLost = error instanceof PreconditionFailedError;
      mayBeWritten ||= isWriting && !isLost;
      if (isLost && attempt < TRIES) continue;
      const reason = errorMessage(error);
      if (mayBeWritten) return await lookAgain(deps, intent, work, reason);
      return { kind: 'failed', reason, uncertain: false };
    }
  }
}

/** A few row groups are gone through at once, in whatever order they are. */
const FEW_ROW_GROUPS = 8;

function isRagged(file: ParquetFile): boolean {
  return file.rowGroups.length > FEW_ROW_GROUPS && needsCompaction(file);
}

/** The answer to a write was lost: the file may tell. */
async function lookAgain(
  { objects, schema, session }: CommitDeps,
  { id }: Intent,
  { path, table }: GroupWork,
  reason: string,
): Promise<GroupOutcome> {
  try {
    const group = await readGroupFile(objects, schema, path, session.state.groups[path]?.bytes);
    if (group?.commits.includes(id) === true) {
      return { kind: 'committed', group: groupStateOf(group), added: table.rows, isRagged: false };
    }
  } catch {
    // Then the next run looks.
  }
  return { kind: 'failed', reason, uncertain: true };
}

/** Runs that may have written rows which this intent writes to a group. */
function doubtfulRuns({ objects }: Intent, group: number): ReadonlySet<string> {
  return new Set(objects.flatMap(({ groups, runs = [] }) => (groups.includes(group) ? runs : [])));
}

function runsWaitedFor({ pending }: CheckpointState): readonly string[] {
  return pending.flatMap(({ runs = [] }) => runs);
}

/** What a run that did not come to its end has written of its intent. */
export async function recoverGroups(
  { objects, schema, session }: CommitDeps,
  { id, groups }: Intent,
): Promise<readonly GroupOutcome[]> {
  return await pMap(
    groups,
    async (path): Promise<GroupOutcome> => {
      const interrupted = 'a run was interrupted';
      try {
        const group = await readGroupFile(objects, schema, path, session.state.groups[path]?.bytes);
        if (group?.commits.includes(id) !== true) return { kind: 'failed', reason: interrupted, uncertain: true };
        return { kind: 'committed', group: groupStateOf(group), added: 0, isRagged: false };
      } catch (error) {
        const reason = `${interrupted}: ${errorMessage(error)}`;
        return { kind: 'failed', reason, uncertain: true };
      }
    },
    { concurrency: GROUPS_AT_ONCE },
  );
}
