import { circuitFields, type LogLines, type Metrics } from '@millrace/core';

/** The circuit of a sender and an origin came from one state to another. */
export interface CircuitChange {
  readonly senderId: string;
  readonly origin: string;
  readonly from: string;
  readonly to: string;
  /** Epoch milliseconds: when it will be tried again; null when it is not open. */
  readonly until: number | null;
}

const CLOSED = 'closed';

/** Tells the log and the metrics of circuit breakers that change. */
export function observeCircuits(lines: LogLines, metrics: Metrics): (change: CircuitChange) => void {
  const open = new Set<string>();
  return (change) => {
    const { senderId, origin, to } = change;
    const key = `${senderId} ${origin}`;
    if (to === CLOSED) open.delete(key);
    else open.add(key);
    metrics.count('circuitChanges', { to });
    metrics.set('circuitsOpen', open.size);
    lines.say('circuit', circuitFields(change));
  };
}
