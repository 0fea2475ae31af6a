import type { Clock } from '../ports/clock.ts';

/** Sunday, 22 November 2026, 10:00 UTC: where the time of tests begins. */
export const START_TIME = Date.UTC(2026, 10, 22, 10);

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves by milliseconds, also backward. */
  advance(ms: number): void;
  /** Epoch milliseconds. */
  set(time: number): void;
}

/** @param start epoch milliseconds */
export function createManualClock(start = START_TIME): ManualClock {
  let time = start;
  return {
    now: () => time,
    advance(ms) {
      time += ms;
    },
    set(to) {
      time = to;
    },
  };
}
