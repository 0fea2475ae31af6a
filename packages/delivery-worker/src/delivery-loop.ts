/**
 * Delivery on one machine: takes what is due, keeps a bounded number of deliveries under way, sleeps when there is
 * nothing to do. On AWS the event source mapping stands in its place.
 */

import type { Clock, Entry, OriginPlaces } from '@millrace/core';
import type { Disposition } from './deliver.ts';
import type { DeliveryLimits } from './delivery-limits.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Where entries come from. */
export interface EntryQueue {
  /** Up to `limit` entries, of each origin only as many as it has places. */
  take(
    limit: number,
    origins: OriginPlaces,
  ): Promise<{ readonly entries: readonly Entry[]; readonly nextDue: number | null }>;
  release(entries: readonly Entry[]): Promise<void>;
  onWork(listener: () => void): void;
}

export interface DeliveryLoopDeps {
  readonly queue: EntryQueue;
  readonly deliver: (entries: readonly Entry[]) => Promise<readonly Disposition[]>;
  readonly clock: Clock;
  /** Who delivers tells them what came of each attempt. */
  readonly limits: DeliveryLimits;
  readonly onError: (error: unknown) => void;
  /** Default: those of Node.js. */
  readonly timers?: Timers;
}

export interface DeliveryLoop {
  /** Deliveries under way. */
  inFlight(): number;
  /** Epoch milliseconds: when an entry was last taken or finished. */
  lastProgressAt(): number;
  /**
   * Takes nothing new and waits for what is under way, at most `limitMs`; returns how many deliveries still were.
   * Those are not lost: their leases end with the process, and the next one takes them over.
   */
  stop(limitMs: number): Promise<number>;
}

/** After the queue failed, or an entry was left to it. */
const PAUSE_MS = 250;
/** A timer that sleeps longer would overflow; and a clock that is set forward is noticed after this. */
const MAX_SLEEP_MS = 60_000;

export function startDeliveryLoop(deps: DeliveryLoopDeps): DeliveryLoop {
  const { queue, deliver, clock, limits, onError, timers = systemTimers } = deps;
  let taking = false;
  let scheduled = false;
  let stopped = false;
  /** Something has happened of which the take under way may not know. */
  let isOutdated = false;
  let lastProgressAt = clock.now();
  /** Entries that could not be released. */
  const unreleased: Entry[] = [];
  /** Each ends what it is named after; undefined: there is none. */
  let endSleep: (() => void) | undefined;
  let endPause: (() => void) | undefined;
  let onIdle: (() => void) | undefined;

  const isIdle = (): boolean => limits.underWay() === 0 && !taking;

  /** All that happens in one turn of the event loop leads to one take. */
  function schedule(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    timers.soon(() => {
      scheduled = false;
      void fill();
    });
  }

  function wakeAt(time: number): void {
    endSleep?.();
    endSleep = timers.after(Math.min(MAX_SLEEP_MS, Math.max(0, time - clock.now())), schedule);
  }

  async function fill(): Promise<void> {
    const isPaused = endPause !== undefined;
    if (taking || stopped || isPaused) return;
    const { total, origins } = limits.places();
    if (total === 0) return;
    taking = true;
    isOutdated = false;
    try {
      await releaseAgain();
      const { entries, nextDue } = await queue.take(total, origins);
      if (stopped) {
        await queue.release(entries);
        return;
      }
      for (const entry of entries) void run(entry);
      const mayHaveMore = entries.length === total || isOutdated;
      if (mayHaveMore) schedule();
      else if (nextDue !== null) wakeAt(nextDue);
    } catch (error) {
      pauseAfter(error);
    } finally {
      taking = false;
      if (isIdle()) onIdle?.();
    }
  }

  async function run(entry: Entry): Promise<void> {
    limits.begin(entry);
    lastProgressAt = clock.now();
    try {
      const [disposition] = await deliver([entry]);
      if (disposition !== 'acknowledge') {
        pauseTaking();
        await release(entry);
      }
    } catch (error) {
      pauseAfter(error);
      await release(entry);
    } finally {
      limits.end(entry);
      lastProgressAt = clock.now();
      takeAgain();
      if (isIdle()) onIdle?.();
    }
  }

  async function release(entry: Entry): Promise<void> {
    try {
      await queue.release([entry]);
    } catch (error) {
      unreleased.push(entry);
      pauseAfter(error);
    }
  }

  /** The queue would never hand these out again by itself. */
  async function releaseAgain(): Promise<void> {
    const count = unreleased.length;
    if (count === 0) return;
    await queue.release(unreleased.slice(0, count));
    unreleased.splice(0, count);
  }

  function pauseAfter(error: unknown): void {
    onError(error);
    pauseTaking();
  }

  /** What went wrong now would go wrong again at once. Not by the clock: it may be set back. */
  function pauseTaking(): void {
    if (stopped) return;
    endPause?.();
    endPause = timers.after(PAUSE_MS, () => {
      endPause = undefined;
      schedule();
    });
  }

  function takeAgain(): void {
    isOutdated = true;
    schedule();
  }

  queue.onWork(takeAgain);
  schedule();

  return {
    inFlight: limits.underWay,
    lastProgressAt: () => lastProgressAt,
    async stop(limitMs) {
      stopped = true;
      endSleep?.();
      endPause?.();
      if (isIdle()) return 0;
      let endLimit: (() => void) | undefined;
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      const limit = new Promise<void>((resolve) => {
        endLimit = timers.after(limitMs, resolve);
      });
      await Promise.race([idle, limit]);
      endLimit?.();
      return limits.underWay();
    },
  };
}
