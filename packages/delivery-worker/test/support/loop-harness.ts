import type { Clock, Entry } from '@millrace/core';
import { createDeliveryLimits } from '../../src/delivery-limits.ts';
import { type DeliveryLoop, startDeliveryLoop } from '../../src/delivery-loop.ts';
import { createManualDeliveries, createManualQueue, type ManualDeliveries, type ManualQueue } from './manual-queue.ts';
import { pass } from './virtual-time.ts';

/** Milliseconds that the loop pauses after an error. */
export const PAUSE_MS = 250;
export const HOUR_MS = 3_600_000;

export interface LoopHarness {
  readonly queue: ManualQueue;
  readonly deliveries: ManualDeliveries;
  readonly errors: readonly unknown[];
  readonly loop: DeliveryLoop;
  /** Answers the latest take, and lets happen what follows from it. */
  answer(entries: readonly Entry[], nextDue?: number | null): Promise<void>;
}

/** A loop under virtual time that has made its first take. */
export async function startLoop(options: { concurrency?: number; clock?: Clock } = {}): Promise<LoopHarness> {
  const { concurrency = 2, clock = { now: () => Date.now() } } = options;
  const queue = createManualQueue();
  const deliveries = createManualDeliveries();
  const errors: unknown[] = [];
  const loop = startDeliveryLoop({
    queue,
    deliver: deliveries.deliver,
    clock,
    limits: createDeliveryLimits(concurrency),
    onError: (error) => errors.push(error),
  });
  await pass(0);
  return {
    queue,
    deliveries,
    errors,
    loop,
    async answer(entries, nextDue = null) {
      queue.takes.at(-1)?.answer({ entries, nextDue });
      await pass(0);
    },
  };
}
