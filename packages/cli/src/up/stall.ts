import type { HealthProblem } from '@millrace/core';

/** Epoch milliseconds. */
interface Progress {
  readonly now: number;
  /** When the message that waits the longest fell or falls due; null when none waits. */
  readonly oldestDue: number | null;
  /** When delivery last took or finished a message. */
  readonly lastProgressAt: number;
}

/** Due messages and nothing moving for this long: something is stuck. */
const STALLED_MS = 60_000;

/** What is wrong when messages are due and delivery does not move; empty when all is well. */
export function describeStall({ now, oldestDue, lastProgressAt }: Progress): readonly HealthProblem[] {
  const isOverdue = oldestDue !== null && now - oldestDue > STALLED_MS;
  const idleMs = now - lastProgressAt;
  if (!isOverdue || idleMs <= STALLED_MS) return [];
  return [{ part: 'delivery', detail: `messages are due, and none has moved for ${Math.round(idleMs / 1_000)} s` }];
}
