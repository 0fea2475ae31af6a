/** What becomes of an attempt that makes no request, and what a reaction means for the message. */

import {
  type AttemptOutcome,
  bodySize,
  type ClaimResult,
  type Entry,
  type Reaction,
  type Result,
} from '@millrace/core';
import type { Admission } from './gate/target-gate.ts';

export type Won = Extract<ClaimResult, { kind: 'won' }>;

/** The gate lets it go, or says that it ends here. */
export type Admitted = Exclude<Admission, { kind: 'wait' }>;

interface AttemptTimes {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Milliseconds that the exchange may take. */
  readonly deadlineMs: number;
  /** Milliseconds that the process has for an exchange at the most; without it, any time. */
  readonly longestExchangeMs?: number | undefined;
}

/** What is known without asking the target; undefined when it must be asked. */
export function outcomeWithoutRequest(
  entry: Entry,
  claim: Won,
  admission: Admitted,
  { startedAt, deadlineMs, longestExchangeMs = Number.POSITIVE_INFINITY }: AttemptTimes,
): AttemptOutcome | undefined {
  if (claim.attempt > entry.maxAttempts) return { kind: 'interrupted' };
  if (startedAt >= entry.expiresAt) return { kind: 'expired' };
  if (admission.kind === 'held') return admission;
  if (!isTooLarge(entry, deadlineMs, longestExchangeMs)) return undefined;
  const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1_000));
  const needed = `a body of ${bodySize(entry.request)} bytes may take ${seconds(deadlineMs)} s`;
  const detail = `${needed}, and the timeout of the function leaves ${seconds(longestExchangeMs)} s: raise it`;
  return { kind: 'blocked', detail };
}

/** A body can be so large that no invocation would ever have the time for it. */
export function isTooLarge({ request }: Pick<Entry, 'request'>, deadlineMs: number, longestMs: number): boolean {
  return request.payload !== undefined && deadlineMs > longestMs;
}

/** Outcomes of which the target has seen nothing: they do not count as attempts. */
const WITHOUT_REQUEST: ReadonlySet<AttemptOutcome['kind']> = new Set([
  'interrupted',
  'expired',
  'blocked',
  'held',
  'payload-missing',
]);

export function toResult(reaction: Reaction, outcome: AttemptOutcome): Result {
  switch (reaction.kind) {
    case 'succeed':
      return { kind: 'success' };
    case 'retry':
      return { kind: 'retry', due: reaction.due };
    case 'dead-letter':
      return { kind: 'failure', reason: reaction.reason, requested: !WITHOUT_REQUEST.has(outcome.kind) };
  }
}
