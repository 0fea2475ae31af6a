/**
 * The queue in the table of messages: who is handed out next. Rows of a lane go in the order in which they fall due,
 * lanes take turns, and as much is read as is handed out, however much waits.
 */

import type { DatabaseSync } from 'node:sqlite';
import { type Lane, laneOf } from '../domain/lane.ts';
import { createPlaces, type OriginPlaces } from '../domain/places.ts';
import { createHandedOut } from './handed-out.ts';
import { createLanes, type Look } from './lanes.ts';
import { type PayloadColumns, payloadOf } from './payload-rows.ts';
import { type Taken, type TakenRecord, toBuffer } from './records.ts';

export interface TakeRequest extends OriginPlaces {
  readonly now: number;
  readonly limit: number;
  /** Rows that were handed out and could not start; they are offered again first. */
  readonly returned: readonly number[];
}

export type MessageQueue = ReturnType<typeof createMessageQueue>;

interface DueRow {
  readonly id: number;
  readonly due: number;
}

/** The first of a lane. */
interface FirstRow {
  readonly sender_id: string;
  readonly origin: string;
  readonly due: number;
}

interface RequestRow extends PayloadColumns {
  readonly message_id: string;
  readonly sender_id: string;
  readonly timestamp: string;
  readonly target_url: string;
  readonly round: number;
  readonly due: number;
  readonly max_attempts: number;
  readonly expires_at: number;
  readonly method: string;
  readonly headers: string;
  readonly body: Uint8Array;
  readonly traceparent: string | null;
}

const UNTIL_RELEASED = Number.POSITIVE_INFINITY;

export function createMessageQueue(db: DatabaseSync) {
  const handedOut = createHandedOut();
  const lanes = createLanes(look);
  let taken: TakenRecord[] = [];

  const selectWaiting = db.prepare(`
    SELECT id, due FROM messages WHERE sender_id = ? AND origin = ? AND due IS NOT NULL ORDER BY due`);
  const selectNextOrigin = db.prepare(`
    SELECT sender_id, origin, due FROM messages WHERE sender_id = ? AND origin > ? AND due IS NOT NULL
    ORDER BY origin, due LIMIT 1`);
  const selectNextSender = db.prepare(`
    SELECT sender_id, origin, due FROM messages WHERE sender_id > ? AND due IS NOT NULL
    ORDER BY sender_id, origin, due LIMIT 1`);
  const selectRequest = db.prepare(`
    SELECT message_id, sender_id, timestamp, target_url, round, due, max_attempts, expires_at, requests.*
    FROM messages JOIN requests USING (id) WHERE id = ?`);
  const updateLeases = db.prepare(`
    UPDATE messages SET due = ? WHERE sender_id = ? AND origin = ? AND due > ? AND status = 'PROCESSING'`);

  /** The first row of the lane after this one in the index, however many rows this one has. */
  function firstAfter(sender: string, origin: string): FirstRow | undefined {
    return (selectNextOrigin.get(sender, origin) ?? selectNextSender.get(sender)) as FirstRow | undefined;
  }

  function loadLanes(): void {
    for (let row = firstAfter('', ''); row !== undefined; row = firstAfter(row.sender_id, row.origin)) {
      lanes.dueAt({ senderId: row.sender_id, origin: row.origin }, row.due);
    }
    lanes.keep();
  }

  function look(lane: Lane, most: number, now: number): Look {
    let count = 0;
    let next = Number.POSITIVE_INFINITY;
    for (const { id, due } of selectWaiting.iterate(lane.senderId, lane.origin) as Iterable<DueRow>) {
      const mayTakeAt = Math.max(due, handedOut.heldUntil(id));
      if (mayTakeAt > now || count === most) next = Math.min(next, mayTakeAt);
      else {
        handOut(id, lane, due);
        taken.push(readRecord(id));
        count += 1;
      }
      // No later row may be handed out before its due time, which is not before this one's.
      if (next <= Math.max(due, now)) break;
    }
    return { taken: count, due: next };
  }

  function handOut(id: number, lane: Lane, due: number): void {
    handedOut.hold(id, { lane, due, until: UNTIL_RELEASED });
  }

  function readRecord(id: number): TakenRecord {
    const row = selectRequest.get(id) as RequestRow | undefined;
    if (row === undefined) throw new Error(`message ${id} has no request`);
    return {
      rowId: id,
      messageId: row.message_id,
      senderId: row.sender_id,
      timestamp: row.timestamp,
      targetUrl: row.target_url,
      method: row.method,
      headers: row.headers,
      body: toBuffer(row.body).toString('latin1'),
      payload: payloadOf(row),
      maxAttempts: row.max_attempts,
      expiresAt: row.expires_at,
      traceparent: row.traceparent,
      round: row.round,
      due: row.due,
    };
  }

  /** When the first row of the lane that nobody was handed falls due; Infinity when there is none. */
  function firstDue({ senderId, origin }: Lane): number {
    for (const { id, due } of selectWaiting.iterate(senderId, origin) as Iterable<DueRow>) {
      if (handedOut.heldUntil(id) === 0) return due;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Entries that were taken and will not be claimed by their taker. */
  function release({ rows }: { rows: readonly number[] }): void {
    for (const id of rows) {
      const row = handedOut.release(id);
      if (row !== undefined) lanes.dueAt(row.lane, row.due);
    }
  }

  loadLanes();

  return {
    /** A row of the lane waits: from this time on a worker may have it. Also one under a lease, which ends then. */
    waits: lanes.dueAt,

    /** True when the row, which is new, goes to a worker with the answer. Else it waits in its lane. */
    handOver(id: number, lane: Lane, now: number): boolean {
      if (!lanes.mayPass(lane, now)) return false;
      handOut(id, lane, now);
      return true;
    },

    /** Whether a row of the lane may start now, as far as is known. */
    mayStart: (lane: Lane, now: number): boolean => !lanes.isBlocked(lane, now),

    /** Who was handed the row has claimed it, or is done with it. Its lane, when it was handed out. */
    forget: (id: number): Lane | undefined => handedOut.release(id)?.lane,

    /** The row is not handed out before `until`. */
    putOff(id: number, lane: Lane, due: number, until: number): void {
      handedOut.hold(id, { lane, due, until });
      lanes.dueAt(lane, Math.max(due, until));
    },

    /** Hands out up to `limit` messages that are due; each only once, until it is claimed or released. */
    take({ now, limit, returned, ...origins }: TakeRequest): Taken {
      taken = [];
      release({ rows: returned });
      const { nextDue, full } = lanes.take(createPlaces(limit, origins), now);
      return { records: taken, nextDue: Number.isFinite(nextDue) ? nextDue : null, full };
    },

    release,

    /** Nothing of the lane is handed out before `until` (epoch milliseconds); a time that is past ends a hold. */
    holdLane: ({ now, lane, until }: { now: number; lane: Lane; until: number }): void => lanes.hold(lane, until, now),

    /**
     * When the message that waits the longest fell or falls due; null when none waits. What is kept back until later,
     * a message that was handed back or a lane that is held, is due then.
     */
    oldestDue({ now }: { now: number }): number | null {
      let oldest = Number.POSITIVE_INFINITY;
      for (const { due, until } of handedOut.all()) {
        const isPutOff = until !== UNTIL_RELEASED && until > now;
        oldest = Math.min(oldest, isPutOff ? Math.max(due, until) : due);
      }
      for (const lane of lanes.all()) {
        if (lane.due < oldest) oldest = Math.min(oldest, Math.max(firstDue(lane), lane.heldUntil));
      }
      return Number.isFinite(oldest) ? oldest : null;
    },

    /** Leases that an earlier process of this folder held: it is dead, so they are over. */
    endLeases({ now }: { now: number }): void {
      for (const lane of lanes.all()) {
        const { changes } = updateLeases.run(now, lane.senderId, lane.origin, now);
        if (changes > 0) lanes.dueAt(lane, now);
      }
    },

    keep(): void {
      handedOut.keep();
      lanes.keep();
    },
    discard(): void {
      handedOut.discard();
      lanes.discard();
    },
  };
}

/** What tells the lane of a row. */
export interface AddressedRow {
  readonly sender_id: string;
  readonly target_url: string;
}

export function toLane({ sender_id: senderId, target_url: targetUrl }: AddressedRow): Lane {
  return laneOf({ senderId, targetUrl });
}
