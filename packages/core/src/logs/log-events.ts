/** Everything that is logged, by name. */

interface EventDefinition {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** For people. */
  readonly text: string;
}

export const LOG_EVENTS = {
  'message.accepted': { level: 'debug', text: 'message accepted' },
  'message.duplicate': { level: 'debug', text: 'message accepted before' },
  'message.conflict': { level: 'info', text: 'message refused: another content was accepted under its identity' },
  'message.unavailable': { level: 'warn', text: 'message not stored: the client must repeat it' },
  attempt: { level: 'debug', text: 'attempt' },
  'dead-letter': { level: 'warn', text: 'dead letter' },
  orphan: { level: 'error', text: 'an entry without its message was kept' },
  circuit: { level: 'warn', text: 'circuit breaker' },
  'circuits.out-of-reach': { level: 'warn', text: 'circuits are out of reach: deliveries go on without them' },
  'request.failed': { level: 'error', text: 'request failed' },
  'record.left': { level: 'error', text: 'a record comes again' },
  'delivery.held-up': { level: 'error', text: 'delivery is held up' },
  'delivery.cut-off': { level: 'warn', text: 'deliveries were cut off: the next start takes them up' },
  'retention.removed': { level: 'debug', text: 'what was past its retention was removed' },
  'retention.held-up': { level: 'error', text: 'retention is held up' },
  'attempt-log.dropped': { level: 'error', text: 'attempts are missing from the attempt log' },
  'checkpoint.folded': { level: 'info', text: 'what is new was folded into the checkpoint' },
  'checkpoint.failed': { level: 'error', text: 'not everything was folded into the checkpoint: it is tried again' },
  accounting: { level: 'info', text: 'accounting' },
  'accounting.gap': { level: 'error', text: 'the accounting does not add up, or messages do not move' },
} as const satisfies Readonly<Record<string, EventDefinition>>;

export type LogEvent = keyof typeof LOG_EVENTS;
