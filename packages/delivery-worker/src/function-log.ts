import { createLogLines, type LogLines } from '@millrace/core';
import { destination, pino } from 'pino';

/**
 * Logs of a function, as lines of JSON. Written at once: what is not written when the answer is given waits until the
 * function is thawed, if it ever is.
 */
export function createFunctionLog(level: string): LogLines {
  return createLogLines(pino({ level, base: null }, destination({ dest: 1, sync: true })));
}
