/**
 * Holds: messages of a sender that are not sent to an origin or a URL for now, whatever their own plan says.
 *
 * | Hold | Of | Begins | Its messages | Ends |
 * | --- | --- | --- | --- | --- |
 * | `gone` | a URL | the target answered 410, or asked to be left alone | FAILED `held` at once | an operator releases it |
 * | `retry-after` | an origin | 429 or 503 with Retry-After | wait | at that time |
 * | `manual` | either | an operator | wait, until they expire | an operator releases it |
 */

import { CLOCK_SKEW_MS } from './circuit.ts';
import type { AttemptOutcome } from './outcome.ts';

interface Begun {
  /** Epoch milliseconds. */
  readonly since: number;
  /** In a few words, for operators. */
  readonly why: string;
}

export type Hold =
  | ({ readonly kind: 'gone' } & Begun)
  | ({ readonly kind: 'manual' } & Begun)
  /** Until `until`, epoch milliseconds. */
  | ({ readonly kind: 'retry-after'; readonly until: number } & Begun);

export const HOLD_KINDS = ['gone', 'manual', 'retry-after'] as const satisfies readonly Hold['kind'][];

/** Statuses whose Retry-After is about all requests to the origin, not about one. */
const BUSY = new Set([429, 503]);

/** What an outcome asks to be held: a URL, an origin, or nothing. */
export function holdOf(
  outcome: AttemptOutcome,
  now: number,
): { readonly of: 'url' | 'origin'; readonly hold: Hold } | null {
  if (outcome.kind !== 'response') return null;
  const { statusCode, control, retryAfterMs = 0 } = outcome;
  if (statusCode === 410 || control === 'disable') {
    const why = statusCode === 410 ? 'HTTP 410' : `webhook-delivery: disable (HTTP ${statusCode})`;
    return { of: 'url', hold: { kind: 'gone', since: now, why } };
  }
  if (!BUSY.has(statusCode) || retryAfterMs === 0) return null;
  const why = `Retry-After (HTTP ${statusCode})`;
  return { of: 'origin', hold: { kind: 'retry-after', since: now, until: now + retryAfterMs, why } };
}

/** The hold when it is still in force. A clock that was set back far ends one whose time nobody knows any more. */
export function activeHold(hold: Hold | null, now: number): Hold | null {
  if (hold?.kind !== 'retry-after') return hold;
  const isOver = now >= hold.until || now < hold.since - CLOCK_SKEW_MS;
  return isOver ? null : hold;
}

/** From the weakest to the strongest. */
const STRENGTH: Readonly<Record<Hold['kind'], number>> = { 'retry-after': 0, gone: 1, manual: 2 };

/** Milliseconds by which a later end is not worth a write. */
const NEGLIGIBLE_MS = 1_000;

/** The hold that is in force when another is asked for; the same object when that changes nothing. */
export function placeHold(present: Hold | null, next: Hold, now: number): Hold {
  const current = activeHold(present, now);
  if (current === null || STRENGTH[next.kind] > STRENGTH[current.kind]) return next;
  if (current.kind !== 'retry-after' || next.kind !== 'retry-after') return current;
  return next.until > current.until + NEGLIGIBLE_MS ? next : current;
}
