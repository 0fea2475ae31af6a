import { randomBytes } from 'node:crypto';
import { type Clock, type EventLog, errorFields, type LogLines, type Metrics } from '@millrace/core';
import { countStoreError } from './attempt-metrics.ts';
import { observeCircuits } from './circuit-observer.ts';
import { createInvocationLog } from './invocation-log.ts';
import type { createFunctionGate, DeliveryHandlerDeps } from './lambda-handlers.ts';
import { observeWorker, reportDrop } from './worker-observer.ts';

export interface FunctionObserverDeps {
  readonly lines: LogLines;
  readonly metrics: Metrics;
  /** Undefined when attempts are not written down. */
  readonly eventLog: EventLog | undefined;
  readonly clock: Clock;
  /** What the attempt log calls this function instance. */
  readonly worker: string;
}

/** Tells the log, the metrics and the attempt log of what the function behind the work queues does. */
export function observeFunction({ lines, metrics, eventLog, clock, worker }: FunctionObserverDeps): {
  readonly delivery: Pick<DeliveryHandlerDeps, 'onAttempt' | 'onOrphan' | 'onError' | 'flush'>;
  readonly gate: Pick<Parameters<typeof createFunctionGate>[0], 'onCircuit' | 'onError'>;
} {
  const onDrop = reportDrop(lines, metrics);
  const attempts = eventLog && createInvocationLog({ eventLog, clock, randomBytes, onDrop });
  const countError = countStoreError(metrics);
  return {
    delivery: {
      ...observeWorker({ lines, metrics, worker, attempts }),
      onError(error) {
        countError(error);
        lines.say('record.left', errorFields(error));
      },
      ...(attempts && { flush: attempts.flush }),
    },
    gate: {
      onCircuit: observeCircuits(lines, metrics),
      onError: (error) => lines.say('circuits.out-of-reach', errorFields(error)),
    },
  };
}
