/**
 * Delivery on one machine: takes what is due, keeps a bounded number of deliveries under way, sleeps when there is
 * nothing to do. On AWS the event source mapping stands in its place.
 */

import type { Clock, Entry } from '@millrace/core';
import type { Disposition } from './deliver.ts';

/** Where entries come from. */
export interface EntryQueue {
  take(limit: number): Promise<{ readonly entries: readonly Entry[]; readonly nextDue: number | null }>;
  release(entries: readonly Entry[]): Promise<void>;
  onWork(listener: () => void): void;
}

export interface DeliveryLoopDeps {
  readonly queue: EntryQueue;
  readonly deliver: (entries: readonly Entry[]) => Promise<readonly Disposition[]>;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly onError: (error: unknown) => void;
}

export interface DeliveryLoop {
  /** Deliveries under way. */
  inFlight(): number;
  /** Epoch milliseconds: when an entry was last taken or finished. */
  lastProgressAt(): number;
  /**
   * Takes nothing new and waits for what is under way, at most `limitMs`; returns how many were still under way.
   * Those are not lost: their leases end with the process, and the next one takes them over.
   */
  stop(limitMs: number): Promise<number>;
}

/** After the queue or the store failed. */
const ERROR_PAUSE_MS = 250;
/** A timer that sleeps longer would overflow; and a clock that is set forward is noticed after this. */
const MAX_SLEEP_MS = 60_000;

export function startDeliveryLoop({ queue, deliver, clock, concurrency, onError }: DeliveryLoopDeps): DeliveryLoop {
  let inFlight = 0;
  let taking = false;
  let scheduled = false;
  let stopped = false;
  let workArrived = false;
  let pausedUntil = 0;
  let lastProgressAt = clock.now();
  let sleep: NodeJS.Timeout | undefined;
  let onIdle: (() => void) | undefined;

  /** All that happens in one turn of the event loop leads to one take. */
  function schedule(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void fill();
    });
  }

  function wakeAt(time: number): void {
    clearTimeout(sleep);
    sleep = setTimeout(schedule, Math.min(MAX_SLEEP_MS, Math.max(0, time - clock.now())));
  }

  async function fill(): Promise<void> {
    const free = concurrency - inFlight;
    if (taking || stopped || free === 0) return;
    if (clock.now() < pausedUntil) {
      wakeAt(pausedUntil);
      return;
    }
    taking = true;
    workArrived = false;
    try {
      const { entries, nextDue } = await queue.take(free);
      if (stopped) await queue.release(entries);
      else for (const entry of entries) void run(entry);
      const mayHaveMore = entries.length === free || workArrived;
      if (mayHaveMore) schedule();
      else if (nextDue !== null) wakeAt(nextDue);
    } catch (error) {
      pause(error);
    } finally {
      taking = false;
    }
  }

  async function run(entry: Entry): Promise<void> {
    inFlight++;
    lastProgressAt = clock.now();
    try {
      const [disposition] = await deliver([entry]);
      if (disposition !== 'acknowledge') await queue.release([entry]);
    } catch (error) {
      pause(error);
      await queue.release([entry]).catch(onError);
    } finally {
      inFlight--;
      lastProgressAt = clock.now();
      schedule();
      if (inFlight === 0) onIdle?.();
    }
  }

  function pause(error: unknown): void {
    onError(error);
    pausedUntil = clock.now() + ERROR_PAUSE_MS;
    wakeAt(pausedUntil);
  }

  queue.onWork(() => {
    workArrived = true;
    schedule();
  });
  schedule();

  return {
    inFlight: () => inFlight,
    lastProgressAt: () => lastProgressAt,
    async stop(limitMs) {
      stopped = true;
      clearTimeout(sleep);
      if (inFlight === 0) return 0;
      let timer: NodeJS.Timeout | undefined;
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([idle, limit]);
      clearTimeout(timer);
      return inFlight;
    },
  };
}
