import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogLines, type Metrics, systemClock } from '@millrace/core';
import type { SqliteStore } from '@millrace/core/sqlite';
import { createTargetGate, observeCircuits, type TargetGate } from '@millrace/delivery-worker';
import { createHeldUpLog } from './held-up-log.ts';

/**
 * Milliseconds that a message waits before it asks again. Asking is cheap here; what an operator releases goes on soon,
 * and messages that wait for nothing else show that delivery moves.
 */
const LONGEST_WAIT_MS = 15_000;

interface GateParts {
  readonly store: Pick<SqliteStore, 'circuits' | 'holdLane'>;
  readonly breaker: boolean;
  readonly lines: LogLines;
  readonly metrics: Metrics;
}

/** The gate of one machine. */
export function openGate({ store, breaker, lines, metrics }: GateParts): TargetGate {
  const onError = createHeldUpLog(lines, systemClock, 'circuits.out-of-reach');
  return createTargetGate({
    store: store.circuits,
    breaker,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
    longestWaitMs: LONGEST_WAIT_MS,
    onCircuit: observeCircuits(lines, metrics),
    // Else everything that waits for the same would be handed out, to be handed back.
    onWait: (lane, until) => void store.holdLane(lane, until).catch(onError),
    onError,
  });
}
