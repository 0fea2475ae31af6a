import type { AttemptReport } from './deliver.ts';

/** What is needed of a logger. */
interface AttemptLogger {
  isLevelEnabled(level: string): boolean;
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Logs each attempt: dead letters as warnings, the others for those who look closely. */
export function logAttempt(log: AttemptLogger): (report: AttemptReport) => void {
  return ({ entry, attempt, outcome, reaction, durationMs }) => {
    const isDeadLetter = reaction.kind === 'dead-letter';
    const level = isDeadLetter ? 'warn' : 'debug';
    if (!log.isLevelEnabled(level)) return;
    const { senderId, messageId, targetUrl } = entry.identity;
    const reason = isDeadLetter ? reaction.reason : undefined;
    const status = outcome.kind === 'response' ? outcome.statusCode : undefined;
    const fields = { senderId, messageId, targetUrl, attempt, outcome: outcome.kind, status, reason, durationMs };
    log[level](fields, isDeadLetter ? 'dead letter' : 'attempt');
  };
}
