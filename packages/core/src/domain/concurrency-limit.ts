/**
 * How many requests to one origin may be under way at once: it grows while they succeed and the limit is used up, and
 * is halved when the origin asks for less or does not answer in time (AIMD). As in TCP it doubles with each round of
 * requests until the first overload, and grows by one a round from then on.
 *
 * Requests to the origin are numbered in the order of their starts, so that a round needs no clock: what was under way
 * when the limit was halved says nothing of the new one.
 */

import { type AttemptOutcome, isSuccess } from './outcome.ts';

export interface ConcurrencyLimit {
  /** From 1 to `most`; requests may be under way up to its whole part. */
  readonly limit: number;
  /** From here on a whole round of successes adds one; below it each success does. */
  readonly steadyFrom: number;
  /** The latest request that was started when this many made the limit full; 0 before any was. */
  readonly fullAt: number;
  /** The latest request that was started before the limit was halved; 0 before it was. */
  readonly halvedAt: number;
}

/** What a request tells of its origin's load. */
export type LoadSignal = 'success' | 'overload' | 'none';

const FIRST_LIMIT = 16;

export function firstLimit(most: number): ConcurrencyLimit {
  return { limit: Math.min(FIRST_LIMIT, most), steadyFrom: Number.POSITIVE_INFINITY, fullAt: 0, halvedAt: 0 };
}

export function loadSignal(outcome: AttemptOutcome): LoadSignal {
  if (outcome.kind === 'timeout') return 'overload';
  if (outcome.kind !== 'response') return 'none';
  const { statusCode } = outcome;
  if (statusCode === 429 || statusCode === 503) return 'overload';
  return isSuccess(statusCode) ? 'success' : 'none';
}

/** A request starts, the latest of those `underWay`, itself among them. */
export function limitAtStart(limit: ConcurrencyLimit, request: number, underWay: number): ConcurrencyLimit {
  const isFull = underWay >= Math.floor(limit.limit);
  return isFull ? { ...limit, fullAt: request } : limit;
}

/** A request ends, when `latest` was the last to start. `most` is what the limit may grow to. */
export function limitAtEnd(
  limit: ConcurrencyLimit,
  signal: LoadSignal,
  { request, latest, most }: { readonly request: number; readonly latest: number; readonly most: number },
): ConcurrencyLimit {
  const isOfRoundBefore = request <= limit.halvedAt;
  if (isOfRoundBefore) return limit;
  switch (signal) {
    case 'success': {
      const isUsedUp = request <= limit.fullAt;
      if (!isUsedUp) return limit;
      const step = limit.limit < limit.steadyFrom ? 1 : 1 / limit.limit;
      return { ...limit, limit: Math.min(most, limit.limit + step) };
    }
    case 'overload': {
      const halved = Math.max(1, limit.limit / 2);
      return { ...limit, limit: halved, steadyFrom: halved, halvedAt: latest };
    }
    case 'none':
      return limit;
  }
}
