import type { Clock } from '@millrace/core';
import type { Logger } from 'pino';

const QUIET_MS = 1_000;

/**
 * Logs that delivery is held up, or another message, at most once a second: when the disk is full every delivery under
 * way says so, again and again, and the log may be on that disk.
 */
export function createHeldUpLog(
  log: Pick<Logger, 'error'>,
  clock: Clock,
  message = 'delivery is held up',
): (error: unknown) => void {
  let quietUntil = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (error) => {
    const now = clock.now();
    // A clock that was set back must not keep it quiet.
    const isQuiet = now < quietUntil && now >= quietUntil - QUIET_MS;
    if (isQuiet) {
      unsaid++;
      return;
    }
    log.error({ err: error, ...(unsaid === 0 ? {} : { unsaid }) }, message);
    quietUntil = now + QUIET_MS;
    unsaid = 0;
  };
}
