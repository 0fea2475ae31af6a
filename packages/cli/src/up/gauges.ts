/** What is measured when someone looks, and not before. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Counts, Metrics } from '@millrace/core';
import { differenceOf } from './books.ts';

export interface GaugesDeps {
  readonly metrics: Metrics;
  readonly store: { oldestDue(): Promise<number | null> };
  readonly books: () => Promise<Counts>;
  /** Deliveries under way. */
  readonly inFlight: () => number;
  readonly clock: Clock;
}

export interface Gauges {
  measure(): Promise<void>;
  close(): void;
}

/** Milliseconds between two looks at the event loop: rare enough to cost nothing when idle. */
const RESOLUTION_MS = 100;
const NANOSECONDS = 1e9;

export function createGauges({ metrics, store, books, inFlight, clock }: GaugesDeps): Gauges {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  return {
    async measure() {
      const [counts, oldestDue] = await Promise.all([books(), store.oldestDue()]);
      metrics.set('backlog', counts.waiting);
      metrics.set('booksDifference', differenceOf(counts));
      metrics.set('oldestDueAge', oldestDue === null ? 0 : Math.max(0, clock.now() - oldestDue) / 1_000);
      metrics.set('inFlight', inFlight());
      // Measured from the first look on: who never looks pays nothing. Each delay holds the resolution itself; without
      // any sample the percentile is 0.
      metrics.set('eventLoopLag', Math.max(0, delay.percentile(99) / NANOSECONDS - RESOLUTION_MS / 1_000));
      delay.reset();
      delay.enable();
      metrics.set('processMemory', process.memoryUsage.rss());
    },
    close: () => void delay.disable(),
  };
}
