import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CircuitStore, systemClock } from '@millrace/core';
import { createTargetGate, logCircuit, OUT_OF_REACH, type TargetGate } from '@millrace/delivery-worker';
import type { Logger } from 'pino';
import { createHeldUpLog } from './held-up-log.ts';

/**
 * Milliseconds that a message waits before it asks again. Asking is cheap here; what an operator releases goes on soon,
 * and messages that wait for nothing else show that delivery moves.
 */
const LONGEST_WAIT_MS = 15_000;

/** The gate of one machine. */
export function openGate(circuits: CircuitStore, breaker: boolean, log: Logger): TargetGate {
  return createTargetGate({
    store: circuits,
    breaker,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
    longestWaitMs: LONGEST_WAIT_MS,
    onCircuit: logCircuit(log),
    onError: createHeldUpLog(log, systemClock, OUT_OF_REACH),
  });
}
