import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Output } from '../io.ts';

/** Logs to standard error: lines of JSON, or on a terminal lines for people. */
export function createLogger(level: string, stderr: Output): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (stderr.isTTY !== true) return pino(options, { write: (line) => void stderr.write(line) });
  const forPeople = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
  });
  return pino(options, { write: (line) => void stderr.write(forPeople(line)) });
}
