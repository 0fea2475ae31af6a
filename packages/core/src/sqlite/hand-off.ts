/**
 * What the store knows of its queue without asking the database: messages that were accepted just now and can go
 * straight to a worker, and when the database may have others that can start.
 *
 * The database decides which messages come here, for it knows what waits: none passes by another that could start, and
 * none of a lane that is held or whose origin is full. Those that do not find places soon go back to it.
 */

import { type Lane, laneKey, laneOf, originOf } from '../domain/lane.ts';
import type { Places } from '../domain/places.ts';
import { type RowEntry, toRequestSize } from './records.ts';

/** Bounds on what waits in memory; more stays in the database alone. */
const MAX_ENTRIES = 512;
const MAX_BYTES = 4 * 1_024 * 1_024;
/** Bounds on what waits for places of its origin, lest it keep others from being handed over or having a turn. */
const MAX_CROWDED = 256;
const MAX_CROWDED_MS = 500;

export function createHandOff() {
  let ready: RowEntry[] = [];
  let readyBytes = 0;
  /** Promised to calls whose answers have not come yet. */
  let promised = 0;
  /** Epoch milliseconds; before it the database has nothing that can start. */
  let databaseDue = 0;
  /** Origins of which the database has something due, once they have places again. */
  let full: readonly string[] = [];

  /** Removes what the function chooses from what is ready. */
  function remove(isChosen: (entry: RowEntry) => boolean): RowEntry[] {
    const chosen: RowEntry[] = [];
    const left: RowEntry[] = [];
    for (const entry of ready) (isChosen(entry) ? chosen : left).push(entry);
    ready = left;
    for (const { request } of chosen) readyBytes -= toRequestSize(request);
    return chosen;
  }

  return {
    /** How many of the messages that are accepted now may be handed over. Ends with `unreserve`. */
    reserve(count: number): number {
      if (readyBytes >= MAX_BYTES) return 0;
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

    /** The database may have something that can start from this time on. */
    dueAt(time: number): void {
      databaseDue = Math.min(databaseDue, time);
    },

    /** The database has something due of these origins, which have no place now. */
    waitsFor(origins: readonly string[]): void {
      full = origins;
    },

    /** Whether the database may have something for places that are free. */
    isDue: (places: Places, now: number): boolean =>
      databaseDue <= now || full.some((origin) => places.ofOrigin(origin) > 0),

    /** The database is about to be asked for all that is due; only what `dueAt` says from now on counts. */
    asking(): void {
      databaseDue = Number.POSITIVE_INFINITY;
    },

    /** Those that have places, whose time has come: the clock may have been set back since they were accepted. */
    takeReady(places: Places, now: number): RowEntry[] {
      return remove(({ identity, notBefore }) => {
        const origin = originOf(identity.targetUrl);
        const isTaken = notBefore <= now && places.total() > 0 && places.ofOrigin(origin) > 0;
        if (isTaken) places.give(origin, 1);
        return isTaken;
      });
    },

    /** Those for whose origins there is no place, when they are many or have waited for long. */
    removeCrowded(places: Places, now: number): RowEntry[] {
      const isCrowded = ({ identity }: RowEntry): boolean => places.ofOrigin(originOf(identity.targetUrl)) <= 0;
      const crowded = ready.filter(isCrowded);
      const isPatient = crowded.every(({ notBefore }) => now - notBefore <= MAX_CROWDED_MS);
      return isPatient && crowded.length <= MAX_CROWDED ? [] : remove(isCrowded);
    },

    removeLane(lane: Lane): RowEntry[] {
      const key = laneKey(lane);
      return remove(({ identity }) => laneKey(laneOf(identity)) === key);
    },

    /** When the next entry can be handed out that waits for its time, and not for a place; null when there is none. */
    nextDue(now: number): number | null {
      const early = ready.filter(({ notBefore }) => notBefore > now);
      const next = early.reduce((least, { notBefore }) => Math.min(least, notBefore), databaseDue);
      return Number.isFinite(next) ? next : null;
    },
  };
}
