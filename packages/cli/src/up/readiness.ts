/** Ready means more than alive: messages move, and none is lost. Each check names the part that fails it. */

import type { Clock, Counts, HealthProblem } from '@millrace/core';
import { errorMessage } from '@millrace/core';
import type { HealthCheck } from '@millrace/ingest-api';
import { differenceOf } from './books.ts';
import { describeStall } from './stall.ts';

export interface ReadinessDeps {
  readonly store: {
    /** Epoch milliseconds; null when nothing waits. */
    oldestDue(): Promise<number | null>;
  };
  readonly books: () => Promise<Counts>;
  /** Of the delivery loop; undefined while delivery is off. */
  readonly lastProgressAt: () => number | undefined;
  readonly clock: Clock;
  /** Milliseconds that a message may be due and not be claimed. */
  readonly maxAgeMs: number;
}

export function createReadiness({ store, books, lastProgressAt, clock, maxAgeMs }: ReadinessDeps): HealthCheck {
  async function checkDelivery(): Promise<readonly HealthProblem[]> {
    const progressAt = lastProgressAt();
    if (progressAt === undefined) return [];
    const oldestDue = await store.oldestDue();
    const now = clock.now();
    return [
      ...describeOverdue(now, oldestDue, maxAgeMs),
      ...describeStall({ now, oldestDue, lastProgressAt: progressAt }),
    ];
  }

  return async () => {
    const checks = [checkDelivery, async () => describeBooks(await books())];
    return (await Promise.all(checks.map((check) => orUnavailable(check)))).flat();
  };
}

/** A store that cannot be asked says by itself what is wrong with it. */
async function orUnavailable(check: () => Promise<readonly HealthProblem[]>): Promise<readonly HealthProblem[]> {
  try {
    return await check();
  } catch (error) {
    return [{ part: 'store', detail: errorMessage(error) }];
  }
}

/** What is wrong when a message has been due for too long, whether or not others move. */
function describeOverdue(now: number, oldestDue: number | null, maxAgeMs: number): readonly HealthProblem[] {
  const ageMs = oldestDue === null ? 0 : now - oldestDue;
  if (ageMs <= maxAgeMs) return [];
  const limit = `more than MILLRACE_READY_MAX_AGE_SECONDS=${Math.round(maxAgeMs / 1_000)}`;
  return [{ part: 'backlog', detail: `a message has been due for ${Math.round(ageMs / 1_000)} s, ${limit}` }];
}

function describeBooks(counts: Counts): readonly HealthProblem[] {
  const difference = differenceOf(counts);
  if (difference === 0) return [];
  return [{ part: 'accounting', detail: `accepted - succeeded - failed - waiting is ${difference}, not 0` }];
}
