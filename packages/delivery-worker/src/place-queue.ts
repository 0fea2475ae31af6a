/**
 * Where entries wait for places that were handed over before there was one: on AWS the queue pushes its batches. What
 * waits for one origin is not in the way of the others.
 */

import { type Entry, originOf } from '@millrace/core';
import type { DeliveryLimits } from './delivery-limits.ts';
import { systemTimers, type Timers } from './timers.ts';

interface Waiting {
  readonly entry: Entry;
  readonly start: () => void;
}

export interface PlaceQueue {
  /** Delivers the entry at a place of its origin; resolves to undefined when none comes free within `waitMs`. */
  deliver<T>(entry: Entry, waitMs: number, deliver: () => Promise<T>): Promise<T | undefined>;
}

export function createPlaceQueue(limits: DeliveryLimits, timers: Timers = systemTimers): PlaceQueue {
  /** By origin, the one that was served the longest ago first. */
  const waiting = new Map<string, Set<Waiting>>();

  function join(origin: string, one: Waiting): void {
    const line = waiting.get(origin) ?? new Set();
    waiting.set(origin, line.add(one));
  }

  function leave(origin: string, one: Waiting): void {
    const line = waiting.get(origin);
    line?.delete(one);
    if (line?.size === 0) waiting.delete(origin);
  }

  /** True when one has started. */
  function startOne(): boolean {
    for (const [origin, line] of waiting) {
      const [first] = line;
      if (first === undefined || limits.placesOf(origin) === 0) continue;
      waiting.delete(origin);
      line.delete(first);
      if (line.size > 0) waiting.set(origin, line);
      limits.begin(first.entry);
      first.start();
      return true;
    }
    return false;
  }

  /** True when the entry has its place, false when its time is up. */
  function getPlace(entry: Entry, waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const origin = originOf(entry.identity.targetUrl);
      const one: Waiting = {
        entry,
        start() {
          endWait();
          resolve(true);
        },
      };
      const endWait = timers.after(waitMs, () => {
        leave(origin, one);
        resolve(false);
      });
      join(origin, one);
      startAll();
    });
  }

  function startAll(): void {
    while (startOne());
  }

  return {
    async deliver(entry, waitMs, deliver) {
      if (!(await getPlace(entry, waitMs))) return undefined;
      try {
        return await deliver();
      } finally {
        limits.end(entry);
        startAll();
      }
    },
  };
}
