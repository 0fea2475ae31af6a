/** What a state becomes when an intent is over: by the run that wrote it, or by the next one after a crash. */

import type { ObjectVersion } from '../manifest/object-version.ts';
import type { CheckpointState, GroupState, Intent, IntentObject, PendingObject } from '../state/checkpoint-state.ts';
import type { GroupOutcome } from './commit.ts';

/** Everything that a manifest must know from now on: whatever is still to do of it is in the state. */
export function versionsOf({ objects }: Intent): readonly ObjectVersion[] {
  return objects.filter(({ unread }) => unread === undefined);
}

/** Takes what the intent works on out of what is pending. @param taken entries of the state itself */
export function withIntent(state: CheckpointState, intent: Intent, taken: ReadonlySet<PendingObject>): CheckpointState {
  return { ...state, intent, pending: state.pending.filter((object) => !taken.has(object)) };
}

/** @param outcomes of the intent's groups, in their order */
export function settled(state: CheckpointState, intent: Intent, outcomes: readonly GroupOutcome[]): CheckpointState {
  const groups: Record<string, GroupState> = { ...state.groups };
  for (const [index, path] of intent.groups.entries()) {
    const outcome = outcomes[index];
    if (outcome?.kind === 'committed') groups[path] = outcome.group;
  }
  const { objects, refused, gone, lastTimestamp } = state.totals;
  return {
    ...state,
    groups,
    intent: null,
    pending: [...state.pending, ...intent.objects.flatMap((object) => stillToDo(object, intent, outcomes))],
    totals: {
      objects: objects + versionsOf(intent).length,
      refused: refused + intent.refused,
      gone: gone + intent.gone,
      lastTimestamp: latest(lastTimestamp, intent.lastTimestamp),
    },
  };
}

function stillToDo(
  object: IntentObject,
  { id, groups }: Intent,
  outcomes: readonly GroupOutcome[],
): readonly PendingObject[] {
  if (object.unread !== undefined) return [object.unread];
  const { key, etag, time, since } = object;
  const pending: PendingObject[] = [];
  const failed = object.groups.filter((index) => outcomes[index]?.kind !== 'committed');
  const [first] = failed;
  if (first !== undefined) {
    const isUncertain = failed.some((index) => isMaybeWritten(outcomes[index]));
    const runs = [...(object.runs ?? []), ...(isUncertain ? [id] : [])];
    pending.push({
      ...{ key, etag, time, since, groups: failed.map((index) => groups[index] ?? '') },
      ...(runs.length === 0 ? {} : { runs }),
      ...(object.rows === undefined ? {} : { rows: object.rows }),
      reason: reasonOf(outcomes[first]),
    });
  }
  if (object.rest !== undefined) {
    pending.push({ key, etag, time, since, rows: object.rest, reason: 'a run was asked for later events only' });
  }
  return pending;
}

function isMaybeWritten(outcome: GroupOutcome | undefined): boolean {
  return outcome === undefined || (outcome.kind === 'failed' && outcome.uncertain);
}

function reasonOf(outcome: GroupOutcome | undefined): string {
  return outcome?.kind === 'failed' ? outcome.reason : 'not written';
}

/** The later of two; null is none. */
function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
