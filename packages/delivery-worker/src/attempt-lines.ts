import { attemptFields, type Entry, type LogLines, messageFields, outcomeStatus } from '@millrace/core';
import type { AttemptReport } from './deliver.ts';

/** Logs each attempt; a message that ended as a dead letter by it as a warning. */
export function logAttempt(lines: LogLines): (report: AttemptReport) => void {
  return ({ entry, attempt, outcome, reaction, settled, durationMs }) => {
    const isDeadLetter = reaction.kind === 'dead-letter' && settled === 'settled';
    const event = isDeadLetter ? 'dead-letter' : 'attempt';
    if (!lines.isOn(event)) return;
    const reason = reaction.kind === 'dead-letter' ? reaction.reason : null;
    const status = outcomeStatus(outcome);
    lines.say(
      event,
      messageFields(entry),
      attemptFields({ attempt, outcome: outcome.kind, status, reason, durationMs }),
    );
  };
}

/** Logs an entry without a message: a defect. */
export function logOrphan(lines: LogLines): (entry: Entry) => void {
  return (entry) => lines.say('orphan', messageFields(entry));
}
