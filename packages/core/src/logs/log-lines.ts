import { LOG_EVENTS, type LogEvent } from './log-events.ts';
import { joinFields, type LogFields } from './log-fields.ts';

/** What is needed of a logger: pino's own interface. */
export interface LogSink {
  isLevelEnabled(level: string): boolean;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The only way to the log: a line for each event, of fields that are safe to tell. */
export interface LogLines {
  /** Is the event logged at all? Fields of one that is not need not be made. */
  isOn(event: LogEvent): boolean;
  say(event: LogEvent, ...fields: readonly LogFields[]): void;
}

export function createLogLines(sink: LogSink): LogLines {
  const isOn = (event: LogEvent): boolean => sink.isLevelEnabled(LOG_EVENTS[event].level);
  return {
    isOn,
    say(event, ...fields) {
      const { level, text } = LOG_EVENTS[event];
      if (isOn(event)) sink[level]({ event, ...joinFields(...fields) }, text);
    },
  };
}
