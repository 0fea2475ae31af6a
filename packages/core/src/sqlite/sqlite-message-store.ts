/**
 * `MessageStore` on one machine: one SQLite file, where each promise is one transaction.
 */

import { setImmediate } from 'node:timers/promises';
import type { Lane } from '../domain/lane.ts';
import type { Message } from '../domain/message.ts';
import { ANY_ORIGIN, createPlaces, type OriginPlaces, type Places } from '../domain/places.ts';
import type { Backlog } from '../ports/backlog.ts';
import type { CircuitStore } from '../ports/circuit-store.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { KeyStore } from '../ports/key-store.ts';
import type { Entry, MessageStore } from '../ports/message-store.ts';
import { type EngineHost, openInline, openThread } from './engine-host.ts';
import { createHandOff } from './hand-off.ts';
import { createKeyStore } from './key-store.ts';
import { createOperatorCalls } from './operator-calls.ts';
import { createPayloadIndex, type PayloadIndex } from './payload-index.ts';
import { type RowEntry, type RowReference, toMessageRecord, toRowEntry } from './records.ts';
import { createSqliteCircuitStore } from './sqlite-circuit-store.ts';
import { findProblems } from './store-health.ts';

export interface SqliteStoreOptions {
  /** The data folder; made when it does not exist. */
  readonly folder: string;
  readonly clock?: Clock;
  /** Bytes that the database may take; without it, what the disk has. */
  readonly maxBytes?: number;
  /** Days that a delivered message stays known, so that its repeat is a duplicate. Default 7. */
  readonly dedupeDays?: number;
  /** Bytes; with fewer left on the disk the store says that it is not well. Default 8 MiB. */
  readonly lowDiskBytes?: number;
  /** False: the database runs on the caller's thread, for tests. */
  readonly thread?: boolean;
}

/** What the loop on one machine needs beside the port: the queue, which AWS has outside of the program. */
export interface SqliteStore extends MessageStore, Backlog {
  /** In the same file. */
  readonly circuits: CircuitStore;
  readonly keys: KeyStore;
  /**
   * Up to `limit` entries that are due, and of each origin only as many as it has places (by default as many as there
   * are). Lanes take turns, and in a lane the oldest come first. Each is handed out once, until it is claimed or
   * released. Before `nextDue` (epoch milliseconds) no other can start; null when none waits but for places.
   */
  take(
    limit: number,
    origins?: OriginPlaces,
  ): Promise<{ readonly entries: readonly Entry[]; readonly nextDue: number | null }>;
  /** Gives entries back that were taken and will not be claimed. */
  release(entries: readonly Entry[]): Promise<void>;
  /**
   * Nothing of the lane is handed out before `until` (epoch milliseconds), once this has resolved; in place of what was
   * said before. In memory: a new start knows of no hold. A clock that is set back makes it no longer.
   */
  holdLane(lane: Lane, until: number): Promise<void>;
  /** Ends a hold. */
  releaseLane(lane: Lane): Promise<void>;
  /** Calls the listener whenever new entries may be due. */
  onWork(listener: () => void): void;
  /**
   * Epoch milliseconds: when the message that waits the longest fell or falls due; null when none waits. One that was
   * handed back until later is due then.
   */
  oldestDue(): Promise<number | null>;
  /** Removes messages and targets whose time is over, in small slices; returns how many messages. */
  removeExpired(): Promise<number>;
  /** For the payload store of the same folder. */
  readonly payloadIndex: PayloadIndex;
  /** Ends what was begun, and gives the folder free. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const FAILED_DAYS = 30;
const REMOVE_SLICE = 500;

/**
 * Opens the store of a data folder. This process owns the folder from now on: leases that an earlier one left are over.
 *
 * @throws DataFolderError
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { folder, maxBytes, clock = systemClock, dedupeDays = 7, thread = true } = options;
  const engineOptions = {
    folder,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    retention: { succeededMs: dedupeDays * DAY_MS, failedMs: FAILED_DAYS * DAY_MS },
  };
  const host = thread ? await openThread(engineOptions) : openInline(engineOptions);
  try {
    await host.call('endLeases', { now: clock.now() });
  } catch (error) {
    await host.close();
    throw error;
  }
  return createStore(host, clock, () => findProblems(host, folder, options.lowDiskBytes));
}

/** A store on an engine that is open; the folder is only looked at for room. */
export function createStore(host: EngineHost, clock: Clock, health: SqliteStore['health']): SqliteStore {
  const handOff = createHandOff();
  let lastTakeAt = Number.NEGATIVE_INFINITY;
  const listeners: (() => void)[] = [];
  const wake = (): void => {
    for (const listener of listeners) listener();
  };
  /** The database has entries that are due now. */
  const announceWork = (): void => {
    handOff.dueAt(clock.now());
    wake();
  };

  async function takeFromDatabase(
    now: number,
    places: Places,
    ready: readonly RowEntry[],
    crowded: readonly RowEntry[],
  ): Promise<RowEntry[]> {
    handOff.asking();
    try {
      const { records, nextDue, full } = await host.call('take', {
        now,
        limit: places.total(),
        ...places.origins(),
        returned: crowded.map(({ rowId }) => rowId),
      });
      handOff.dueAt(nextDue ?? Number.POSITIVE_INFINITY);
      handOff.waitsFor(full);
      return records.map(toRowEntry);
    } catch (error) {
      handOff.dueAt(now);
      handOff.add([...ready, ...crowded]);
      throw error;
    }
  }

  async function release(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = entries.map(rowOf).filter((row) => typeof row === 'number');
    await host.call('release', { rows });
    announceWork();
  }

  return {
    circuits: createSqliteCircuitStore(host, clock),

    async accept(messages) {
      const now = clock.now();
      const reserved = listeners.length === 0 ? 0 : handOff.reserve(messages.length);
      try {
        const records = messages.map(toMessageRecord);
        const { results, handedOut, mayStart } = await host.call('accept', { now, records, handOut: reserved });
        handOff.add(
          messages.flatMap((message, index) => {
            const rowId = handedOut.get(index);
            return rowId === undefined ? [] : [toEntry(message, rowId, now)];
          }),
        );
        if (mayStart) announceWork();
        else if (handedOut.size > 0) wake();
        return results;
      } finally {
        handOff.unreserve(reserved);
      }
    },

    async claim(claims) {
      const results = await host.call('claim', {
        now: clock.now(),
        claims: claims.map(({ entry, token, leaseMs }) => ({
          row: rowOf(entry),
          round: entry.round,
          token,
          leaseMs,
        })),
      });
      for (const result of results) if (result.kind === 'won') handOff.dueAt(result.leaseUntil);
      return results;
    },

    async settle(settlements) {
      const results = await host.call('settle', {
        now: clock.now(),
        settlements: settlements.map(({ entry, token, result, error }) => ({
          row: rowOf(entry),
          round: entry.round,
          token,
          result,
          error,
        })),
      });
      for (const { result } of settlements) {
        if (result.kind !== 'retry') continue;
        handOff.dueAt(result.due);
        wake();
      }
      return results;
    },

    async handBack(entries) {
      await host.call('handBack', {
        entries: entries.map(({ entry, until }) => ({ row: rowOf(entry), round: entry.round, until })),
      });
      for (const { until } of entries) handOff.dueAt(until);
      wake();
    },

    keepOrphans: (entries) =>
      host.call('keepOrphans', { now: clock.now(), records: entries.map(toMessage).map(toMessageRecord) }),

    ...createOperatorCalls(host, clock, announceWork),

    counts: () => host.call('counts', undefined),

    waiting: (senders) => host.call('waiting', { senders }),

    keys: createKeyStore(host),

    health,

    async take(limit, origins = ANY_ORIGIN) {
      const now = clock.now();
      // The clock was set back: what the database holds until a time may be due sooner.
      if (now < lastTakeAt) handOff.dueAt(now);
      lastTakeAt = now;
      const places = createPlaces(limit, origins);
      const ready = handOff.takeReady(places, now);
      const crowded = handOff.removeCrowded(places, now);
      const asksDatabase = crowded.length > 0 || (places.total() > 0 && handOff.isDue(places, now));
      // Who asks again and again must not keep the event loop from turning.
      if (ready.length === 0 && !asksDatabase) await setImmediate();
      const fromDatabase = asksDatabase ? await takeFromDatabase(now, places, ready, crowded) : [];
      return { entries: [...ready, ...fromDatabase], nextDue: handOff.nextDue(now) };
    },

    release,

    async holdLane(lane, until) {
      await host.call('holdLane', { now: clock.now(), lane, until });
      // What was handed over before has been added by now: answers come, and are followed up, in the order of the calls.
      const handedOver = handOff.removeLane(lane);
      try {
        await release(handedOver);
      } catch (error) {
        // The queue still takes them for handed out: whoever takes them in spite of the hold may hand them back.
        handOff.add(handedOver);
        wake();
        throw error;
      }
      handOff.dueAt(until);
      // Who sleeps must learn of that time.
      wake();
    },

    async releaseLane(lane) {
      await host.call('holdLane', { now: clock.now(), lane, until: 0 });
      announceWork();
    },

    onWork: (listener) => void listeners.push(listener),

    oldestDue: () => host.call('oldestDue', { now: clock.now() }),

    async removeExpired() {
      const [messages] = await Promise.all([
        removeInSlices(() => host.call('removeExpired', { now: clock.now(), limit: REMOVE_SLICE })),
        removeInSlices(() => host.call('removeExpiredTargets', { now: clock.now(), limit: REMOVE_SLICE })),
      ]);
      return messages;
    },

    payloadIndex: createPayloadIndex(host),

    close: () => host.close(),
  };
}

async function removeInSlices(removeSlice: () => Promise<number>): Promise<number> {
  let removed = 0;
  for (;;) {
    const slice = await removeSlice();
    removed += slice;
    if (slice < REMOVE_SLICE) return removed;
  }
}

function rowOf(entry: Entry): RowReference {
  return 'rowId' in entry && typeof entry.rowId === 'number' ? entry.rowId : entry.identity;
}

/** The entry of a message that was accepted just now. */
function toEntry({ plan, ...message }: Message, rowId: number, now: number): RowEntry {
  return { v: 1, ...message, round: 0, notBefore: now, ...plan, rowId };
}

function toMessage({ identity, request, maxAttempts, expiresAt }: Entry): Message {
  return { identity, request, plan: { maxAttempts, expiresAt } };
}
