/** How long, and how often, a command tries again while a server cannot answer. */

const BASE_MS = 250;
const CAP_MS = 5_000;

export interface RetryWindow {
  /**
   * Milliseconds to wait before the next try; undefined when that would be past the end of the window, so that waiting
   * is of no use.
   *
   * @param retryAfterMs the least that the server asks for
   */
  nextDelay(retryAfterMs: number): number | undefined;
}

/**
 * A window that opens at the first failure. Waits double from 250 ms to 5 s, each cut by up to a half at random.
 *
 * @param forMs length of the window; 0 never tries again
 */
export function openRetryWindow(forMs: number, clock: { now(): number; random(): number }): RetryWindow {
  let failures = 0;
  let end = 0;
  return {
    nextDelay(retryAfterMs) {
      const now = clock.now();
      if (failures === 0) end = now + forMs;
      const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** failures);
      failures += 1;
      const delay = Math.max(retryAfterMs, Math.ceil(ceiling * (1 - clock.random() / 2)));
      return now + delay > end ? undefined : delay;
    },
  };
}
