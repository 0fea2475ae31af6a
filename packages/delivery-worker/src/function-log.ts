import { destination, type Logger, pino } from 'pino';

/**
 * Logs of a function, as lines of JSON. Written at once: what is not written when the answer is given waits until the
 * function is thawed, if it ever is.
 */
export function createFunctionLog(level: string): Logger {
  return pino({ level, base: null }, destination({ dest: 1, sync: true }));
}
