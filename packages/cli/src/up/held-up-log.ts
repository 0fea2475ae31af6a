import { type Clock, errorFields, type LogEvent, type LogLines, numberFields } from '@millrace/core';

const QUIET_MS = 1_000;

/**
 * Logs that delivery is held up, or another event, at most once a second: when the disk is full every delivery under
 * way says so, again and again, and the log may be on that disk.
 */
export function createHeldUpLog(
  lines: Pick<LogLines, 'say'>,
  clock: Clock,
  event: LogEvent = 'delivery.held-up',
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
    lines.say(event, errorFields(error), ...(unsaid === 0 ? [] : [numberFields({ unsaid })]));
    quietUntil = now + QUIET_MS;
    unsaid = 0;
  };
}
