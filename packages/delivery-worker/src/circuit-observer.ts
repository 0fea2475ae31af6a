import { circuitFields, type LogLines, laneKey, type Metrics } from '@millrace/core';
import type { CircuitEvent } from './gate/target-changes.ts';

const CLOSED = 'closed';

/** Tells the log and the metrics of circuit breakers that change. */
export function observeCircuits(lines: LogLines, metrics: Metrics): (change: CircuitEvent) => void {
  const open = new Set<string>();
  return (change) => {
    const { to } = change;
    const key = laneKey(change);
    if (to === CLOSED) open.delete(key);
    else open.add(key);
    metrics.count('circuitChanges', { to });
    metrics.set('circuitsOpen', open.size);
    lines.say('circuit', circuitFields(change));
  };
}
