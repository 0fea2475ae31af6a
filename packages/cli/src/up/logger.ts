import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Output } from '../io.ts';

/** Logs to standard error: lines of JSON, or on a terminal lines for people. */
export function createLogger(level: string, stderr: Output): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const destination = { write: (line: string) => void stderr.write(line) };
  if (stderr.isTTY !== true) return pino(options, destination);
  const stream = pretty({
    sync: true,
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
  });
  return pino(options, stream);
}
