import type { Clock, Counts } from '@millrace/core';

/** Milliseconds that counts are used before they are made anew: what waits is counted, 50 ms for a million messages. */
const FRESH_MS = 5_000;

/** The counts of the store for those who ask often: at most so old, and counted once for all who ask at the same time. */
export function createBooks(store: { counts(): Promise<Counts> }, clock: Clock): () => Promise<Counts> {
  let known: Promise<Counts> | undefined;
  let countedAt = 0;
  return () => {
    const age = clock.now() - countedAt;
    // A clock that was set back must not keep old counts for longer.
    if (known !== undefined && age >= 0 && age < FRESH_MS) return known;
    const counting = store.counts();
    known = counting;
    countedAt = clock.now();
    counting.catch(() => {
      if (known === counting) known = undefined;
    });
    return counting;
  };
}

/** What is missing from the books, or too much in them: 0 when they add up. */
export function differenceOf({ accepted, succeeded, failed, waiting }: Counts): number {
  return accepted - succeeded - failed - waiting;
}
