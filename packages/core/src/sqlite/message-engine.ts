/**
 * The steps of a message's life as statements on one database. Synchronous, and without transactions of its own:
 * `group-commit.ts` runs many calls in one.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { Senders } from '../domain/api-key.ts';
import { laneOf } from '../domain/lane.ts';
import {
  type DeliveryState,
  decideClaim,
  decideSettle,
  hasEnded,
  initialState,
  type Status,
  withinPlan,
} from '../domain/lifecycle.ts';
import { LIMITS } from '../domain/message.ts';
import type { Reason } from '../domain/outcome.ts';
import type { AcceptResult, ClaimResult, Counts, SettleResult } from '../ports/message-store.ts';
import { createBacklogBook } from './backlog-book.ts';
import { createCounters } from './counters.ts';
import { createKeyOperations } from './key-operations.ts';
import { createMessageOperations } from './message-operations.ts';
import { type AddressedRow, createMessageQueue, toLane } from './message-queue.ts';
import { createPayloadRows, toPayloadColumns } from './payload-rows.ts';
import type { Accepted, ClaimRecord, HandBackRecord, MessageRecord, RowReference, SettleRecord } from './records.ts';
import { createRoomCheck } from './room.ts';
import { IDS_PER_MS } from './schema.ts';
import { createTargetOperations } from './target-operations.ts';

export interface Retention {
  /** Milliseconds that a delivered message stays known. */
  readonly succeededMs: number;
  /** Milliseconds that a dead letter stays, and can be replayed. */
  readonly failedMs: number;
}

export type MessageEngine = ReturnType<typeof createMessageEngine>;

interface StateRow extends DeliveryState, AddressedRow {
  readonly id: number;
  readonly max_attempts: number;
  /** When its present plan began. */
  readonly since: number;
}

interface ExistingRow {
  readonly id: number;
  readonly status: Status;
  readonly content_hash: string;
  readonly remove_at: number | null;
}

export function createMessageEngine(db: DatabaseSync, retention: Retention) {
  const counters = createCounters(db);
  const backlog = createBacklogBook(db, counters);
  const queue = createMessageQueue(db);
  const operations = { ...createMessageOperations(db, { counters, backlog, queue }), ...createTargetOperations(db) };
  const payloadRows = createPayloadRows(db);

  const assertRoom = createRoomCheck(db);

  const insertMessage = db.prepare(`
    INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?, 0, 0, ?, ?, ?, ?, NULL, NULL, NULL, ?)
    ON CONFLICT (message_id, sender_id, timestamp, target_url) DO NOTHING`);
  const insertRequest = db.prepare(`
    INSERT INTO requests
      (id, method, headers, body, payload_key, payload_sha256, payload_size, payload_etag, traceparent)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const deleteMessage = db.prepare('DELETE FROM messages WHERE id = ?');
  const deleteRequest = db.prepare('DELETE FROM requests WHERE id = ?');
  const selectExisting = db.prepare(`
    SELECT id, status, content_hash, remove_at FROM messages
    WHERE message_id = ? AND sender_id = ? AND timestamp = ? AND target_url = ?`);
  const selectState = db.prepare(`
    SELECT id, sender_id, target_url, status, round, attempts, token, due, reason, replays, max_attempts,
      expires_at - lifetime AS since
    FROM messages WHERE id = ?`);
  const updateClaimed = db.prepare(`
    UPDATE messages SET status = 'PROCESSING', round = ?, attempts = ?, token = ?, due = ?, updated_at = ?
    WHERE id = ?`);
  const updateSucceeded = db.prepare(`
    UPDATE messages SET status = 'SUCCESS', attempts = ?, token = NULL, due = NULL, reason = NULL, updated_at = ?,
      remove_at = ?
    WHERE id = ?`);
  const updateUnsuccessful = db.prepare(`
    UPDATE messages SET status = ?, round = ?, attempts = ?, token = NULL, due = ?, reason = ?, updated_at = ?,
      remove_at = ?, error = ?, error_status = ?, error_at = ?
    WHERE id = ?`);
  const selectRemovable = db.prepare('SELECT id FROM messages WHERE remove_at <= ? ORDER BY remove_at LIMIT ?');
  const insertProbe = db.prepare('INSERT INTO probe VALUES (zeroblob(65536))');
  const deleteProbe = db.prepare('DELETE FROM probe');

  let lastId = Number(db.prepare('SELECT max(id) AS id FROM messages').get()?.['id'] ?? 0);
  const nextId = (now: number): number => {
    lastId = Math.max(lastId + 1, Math.floor(now) * IDS_PER_MS);
    return lastId;
  };

  function findExisting(record: Pick<MessageRecord, 'messageId' | 'senderId' | 'timestamp' | 'targetUrl'>) {
    const { messageId, senderId, timestamp, targetUrl } = record;
    return selectExisting.get(messageId, senderId, timestamp, targetUrl) as ExistingRow | undefined;
  }

  function findState(row: RowReference): StateRow | undefined {
    const id = typeof row === 'number' ? row : findExisting(row)?.id;
    return id === undefined ? undefined : (selectState.get(id) as StateRow | undefined);
  }

  function remove(id: number): void {
    deleteMessage.run(id);
    deleteRequest.run(id);
  }

  /** The id of its row; undefined when a message with this identity is there already. */
  function insert(record: MessageRecord, state: DeliveryState, now: number, lifetime: number): number | undefined {
    const { messageId, senderId, timestamp, targetUrl, maxAttempts, expiresAt } = record;
    const { status, round, due, reason } = state;
    const id = nextId(now);
    const { changes } = insertMessage.run(
      ...[id, messageId, senderId, timestamp, targetUrl, record.contentHash],
      ...[status, round, due, reason, maxAttempts, lifetime, expiresAt, now, removalTime(status, now)],
    );
    if (changes === 0) return undefined;
    const { method, headers, payload, traceparent } = record;
    const body = Buffer.from(record.body, 'latin1');
    insertRequest.run(id, method, headers, body, ...toPayloadColumns(payload), traceparent);
    return id;
  }

  function acceptOne(record: MessageRecord, now: number): Exclude<AcceptResult, { kind: 'accepted' }> | number {
    const lifetime = record.expiresAt - now;
    let id = insert(record, initialState(now), now, lifetime);
    if (id === undefined) {
      const existing = findExisting(record);
      if (existing === undefined) throw new Error('a message conflicts with one that is not there');
      const isForgotten = existing.remove_at !== null && existing.remove_at <= now;
      if (!isForgotten) {
        const isSame = existing.content_hash === record.contentHash;
        return isSame ? { kind: 'duplicate', status: existing.status } : { kind: 'conflict' };
      }
      remove(existing.id);
      id = insert(record, initialState(now), now, lifetime);
      if (id === undefined) throw new Error('a message conflicts with one that was removed');
    }
    counters.add('accepted', 1);
    backlog.add(record.senderId, 1);
    return id;
  }

  function claimOne({ row, round, token, leaseMs }: ClaimRecord, now: number): ClaimResult {
    const state = findState(row);
    if (state === undefined) return { kind: 'missing' };
    const { max_attempts: maxAttempts } = state;
    const decision = decideClaim(state, round, { now, token, leaseUntil: now + leaseMs, maxAttempts });
    // A stale entry is of an earlier hand-out: the one of the present round may be with another worker.
    if (decision.kind === 'stale') return decision;
    const lane = queue.forget(state.id) ?? toLane(state);
    const leaseUntil = decision.kind === 'busy' ? decision.until : now + leaseMs;
    queue.waits(lane, leaseUntil);
    if (decision.kind === 'busy') return decision;
    const { attempts } = decision.state;
    updateClaimed.run(round, attempts, token, leaseUntil, now, state.id);
    const { takeover } = decision;
    return { kind: 'won', attempt: attempts, leaseUntil, takeover, since: state.since };
  }

  function settleOne({ row, round, token, result, error }: SettleRecord, now: number): SettleResult {
    const before = findState(row);
    if (before === undefined) return 'acknowledge';
    const decision = decideSettle(before, round, token, result);
    if (decision.kind !== 'settled') return decision.kind;
    const { id, max_attempts: maxAttempts } = before;
    const state = withinPlan(decision.state, maxAttempts);
    const removeAt = removalTime(state.status, now);
    if (state.status === 'SUCCESS') {
      updateSucceeded.run(state.attempts, now, removeAt, id);
      deleteRequest.run(id);
    } else {
      updateUnsuccessful.run(
        ...[state.status, state.round, state.attempts, state.due, state.reason, now, removeAt],
        ...[error?.message ?? null, error?.statusCode ?? null, error === null ? null : now, id],
      );
    }
    queue.forget(id);
    if (state.due !== null) queue.waits(toLane(before), state.due);
    if (hasEnded(state)) {
      counters.add(state.status === 'SUCCESS' ? 'succeeded' : 'failed', 1);
      backlog.add(before.sender_id, -1);
    }
    return 'settled';
  }

  function removalTime(status: Status, now: number): number | null {
    if (status === 'SUCCESS') return now + retention.succeededMs;
    return status === 'FAILED' ? now + retention.failedMs : null;
  }

  return {
    ...operations,
    ...createKeyOperations(db),
    ...payloadRows,

    /** Accepts each, and hands up to `handOut` of those that are new and may pass the queue out at once. */
    accept({ now, records, handOut }: { now: number; records: readonly MessageRecord[]; handOut: number }): Accepted {
      const results: AcceptResult[] = [];
      const handedOut = new Map<number, number>();
      let mayStart = false;
      for (const record of records) {
        const accepted = acceptOne(record, now);
        if (typeof accepted !== 'number') {
          results.push(accepted);
          continue;
        }
        const index = results.push({ kind: 'accepted' }) - 1;
        const lane = laneOf(record);
        if (handedOut.size < handOut && queue.handOver(accepted, lane, now)) handedOut.set(index, accepted);
        else {
          queue.waits(lane, now);
          mayStart ||= queue.mayStart(lane, now);
        }
      }
      assertRoom();
      return { results, handedOut, mayStart };
    },

    claim: ({ now, claims }: { now: number; claims: readonly ClaimRecord[] }) =>
      claims.map((claim) => claimOne(claim, now)),

    settle: ({ now, settlements }: { now: number; settlements: readonly SettleRecord[] }) =>
      settlements.map((settlement) => settleOne(settlement, now)),

    /**
     * The row is the entry: it is due again when its lease ends, and in this round is not handed out before `until`.
     */
    handBack({ entries }: { entries: readonly HandBackRecord[] }): void {
      for (const { row, round, until } of entries) {
        const state = findState(row);
        if (state?.round !== round || state.due === null) continue;
        queue.putOff(state.id, toLane(state), state.due, until);
      }
    },

    keepOrphans({ now, records }: { now: number; records: readonly MessageRecord[] }): void {
      const reason: Reason = 'orphan';
      const state: DeliveryState = { ...initialState(now), status: 'FAILED', due: null, reason };
      for (const record of records) {
        if (!insert(record, state, now, LIMITS.lifetimeMs)) continue;
        counters.add('accepted', 1);
        counters.add('failed', 1);
      }
    },

    take: queue.take,
    release: queue.release,
    holdLane: queue.holdLane,
    oldestDue: queue.oldestDue,
    endLeases: queue.endLeases,

    counts(): Counts {
      const waiting = Number(db.prepare('SELECT count(*) AS n FROM messages WHERE due IS NOT NULL').get()?.['n']);
      return { ...counters.read(), waiting };
    },

    waiting: ({ senders }: { senders: Senders }): number => backlog.waiting(senders),

    /** Removes up to `limit` messages whose retention is over; returns how many. */
    removeExpired({ now, limit }: { now: number; limit: number }): number {
      const rows = selectRemovable.all(now, limit) as { id: number }[];
      for (const { id } of rows) remove(id);
      return rows.length;
    },

    /** Takes some room, so that a full disk shows; `clearProbe` gives it back for messages to use. */
    probe(): void {
      insertProbe.run();
      assertRoom();
    },
    clearProbe: (): void => void deleteProbe.run(),

    /** Called by the group commit before a commit, after one, and after a rollback. */
    beforeCommit: () => {
      counters.flush();
      backlog.flush();
    },
    afterCommit: () => queue.keep(),
    afterRollback: () => {
      counters.discard();
      backlog.discard();
      queue.discard();
    },
  };
}
