/**
 * When the requests of a run start. Pure: the time is an argument.
 */

export interface Schedule {
  /**
   * Milliseconds between the starts of requests (open loop): request `k` is due `k · intervalMs` after the start,
   * whatever the answers take. 0 sends the next as soon as a connection is free (closed loop).
   */
  readonly intervalMs: number;
  /** Messages of one request. */
  readonly batch: number;
  /** Messages of the whole run; Infinity when only the time ends it. */
  readonly count: number;
  /** Milliseconds after which nothing is sent; Infinity when only the count ends it. */
  readonly durationMs: number;
}

type Step =
  /** Send request `index`; its latency is counted from `dueMs`, so that waiting for a connection is not hidden. */
  | { readonly kind: 'send'; readonly dueMs: number; readonly messages: number }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'stop' };

const STOP: Step = { kind: 'stop' };

/** @param rate messages per second */
export function openLoopInterval(rate: number, batch: number): number {
  return (batch * 1_000) / rate;
}

/**
 * What to do at `elapsedMs` after the start, when `index` requests were sent.
 */
export function nextStep(schedule: Schedule, index: number, elapsedMs: number): Step {
  const messages = Math.min(schedule.batch, schedule.count - index * schedule.batch);
  if (messages <= 0 || elapsedMs >= schedule.durationMs) return STOP;
  if (schedule.intervalMs === 0) return { kind: 'send', dueMs: elapsedMs, messages };
  const dueMs = index * schedule.intervalMs;
  if (dueMs >= schedule.durationMs) return STOP;
  return dueMs <= elapsedMs ? { kind: 'send', dueMs, messages } : { kind: 'wait', untilMs: dueMs };
}

/** Messages that were due by `elapsedMs`, at the end of the run at the latest; 0 for a closed loop. */
export function dueMessages(schedule: Schedule, elapsedMs: number): number {
  if (schedule.intervalMs === 0) return 0;
  // Due before the end of the run, not at it.
  const requests = Math.min(
    Math.floor(elapsedMs / schedule.intervalMs) + 1,
    Math.ceil(schedule.durationMs / schedule.intervalMs),
  );
  return Math.min(schedule.count, requests * schedule.batch);
}
