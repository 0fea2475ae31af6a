/**
 * What the store knows of its queue without asking the database: messages that were accepted just now and can go
 * straight to a worker, and the earliest time at which the database may have others that are due.
 *
 * The order of the queue is kept roughly: as long as the database has due messages, new ones wait behind them.
 */

import { type RowEntry, toRequestSize } from './records.ts';

/** Bounds on what waits in memory; more stays in the database alone. */
const MAX_ENTRIES = 256;
const MAX_BYTES = 4 * 1_024 * 1_024;

export function createHandOff() {
  let ready: RowEntry[] = [];
  let readyBytes = 0;
  /** Promised to calls whose answers have not come yet. */
  let promised = 0;
  /** Epoch milliseconds; before it the database has nothing to hand out. */
  let databaseDue = 0;

  return {
    /** How many of the messages that are accepted now may be handed over. Ends with `unreserve`. */
    reserve(count: number, now: number): number {
      const isBehindOthers = databaseDue <= now;
      if (isBehindOthers || readyBytes >= MAX_BYTES) return 0;
      const reserved = Math.max(0, Math.min(count, MAX_ENTRIES - ready.length - promised));
      promised += reserved;
      return reserved;
    },

    unreserve(reserved: number): void {
      promised -= reserved;
    },

    /** Entries that the database has handed out. */
    add(entries: readonly RowEntry[]): void {
      ready.push(...entries);
      for (const { request } of entries) readyBytes += toRequestSize(request);
    },

    /** The database may have something that is due from this time on. */
    dueAt(time: number): void {
      databaseDue = Math.min(databaseDue, time);
    },

    /** When the database may have something to hand out; Infinity when it has nothing. */
    databaseDue: (): number => databaseDue,

    /** The database is about to be asked for all that is due; only what `dueAt` says from now on counts. */
    asking(): void {
      databaseDue = Number.POSITIVE_INFINITY;
    },

    /** Those whose time has come: the clock may have been set back since they were accepted. */
    takeReady(limit: number, now: number): RowEntry[] {
      const taken: RowEntry[] = [];
      const left: RowEntry[] = [];
      for (const entry of ready) {
        const isTaken = taken.length < limit && entry.notBefore <= now;
        (isTaken ? taken : left).push(entry);
      }
      ready = left;
      for (const { request } of taken) readyBytes -= toRequestSize(request);
      return taken;
    },

    /** When the next entry can be handed out; null when there is none. */
    nextDue(): number | null {
      const next = ready.reduce((least, { notBefore }) => Math.min(least, notBefore), databaseDue);
      return Number.isFinite(next) ? next : null;
    },
  };
}
