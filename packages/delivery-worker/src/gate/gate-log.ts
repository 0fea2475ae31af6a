import type { CircuitEvent } from './target-changes.ts';

/** What is needed of a logger. */
interface GateLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Logs each change of a circuit's state: that one opens as a warning. */
export function logCircuit(log: GateLogger): (event: CircuitEvent) => void {
  return ({ until, ...event }) => {
    const fields = { ...event, ...(until === null ? {} : { until: new Date(until).toISOString() }) };
    log[event.to === 'open' ? 'warn' : 'info'](fields, 'circuit');
  };
}

/** What it means that circuits and holds could not be asked or told. */
export const OUT_OF_REACH = 'circuits are out of reach: deliveries go on without them';
