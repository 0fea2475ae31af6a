/**
 * What operators ask for: looking messages up, listing, replaying. Scans go by windows of ids, so that no call holds
 * the database for long, however many messages do not match.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { type DeliveryState, decideReplay, type Status } from '../domain/lifecycle.ts';
import type { Reason } from '../domain/outcome.ts';
import type { MessageFilter, MessageName, MessageView, ReplayOneResult } from '../ports/message-store.ts';
import type { BacklogBook } from './backlog-book.ts';
import type { Counters } from './counters.ts';
import { type AddressedRow, type MessageQueue, toLane } from './message-queue.ts';
import type { ScanRecord } from './records.ts';
import { IDS_PER_MS } from './schema.ts';

/** Rows that one call looks at. */
const WINDOW = 20_000;

interface ViewRow {
  readonly id: number;
  readonly message_id: string;
  readonly sender_id: string;
  readonly timestamp: string;
  readonly target_url: string;
  readonly status: Status;
  readonly attempts: number;
  readonly past_attempts: number;
  readonly replays: number;
  readonly max_attempts: number;
  readonly due: number | null;
  readonly reason: Reason | null;
  readonly expires_at: number;
  readonly updated_at: number;
  readonly error: string | null;
  readonly error_status: number | null;
  readonly error_at: number | null;
}

interface ReplayRow extends DeliveryState, AddressedRow {
  readonly id: number;
}

interface Books {
  readonly counters: Counters;
  readonly backlog: BacklogBook;
  readonly queue: Pick<MessageQueue, 'waits'>;
}

export function createMessageOperations(db: DatabaseSync, { counters, backlog, queue }: Books) {
  const updateReplayed = db.prepare(`
    UPDATE messages SET status = ?, round = ?, past_attempts = past_attempts + attempts, attempts = 0, due = ?,
      reason = NULL, replays = ?, expires_at = ? + lifetime, updated_at = ?, remove_at = NULL
    WHERE id = ?`);

  function replayRow(row: ReplayRow, now: number): boolean {
    const decision = decideReplay(row, now);
    if (decision.kind === 'not-failed') return false;
    if (decision.kind === 'replayed') {
      const { status, round, due, replays } = decision.state;
      updateReplayed.run(status, round, due, replays, now, now, row.id);
      queue.waits(toLane(row), due ?? now);
      counters.add('failed', -1);
      backlog.add(row.sender_id, 1);
    }
    return true;
  }

  /** The ids of the next window below `before`: `[low, before)`, and whether it is the last. */
  function nextWindow({ filter, before }: ScanRecord): { low: number; isLast: boolean } {
    const from = (filter.from ?? 0) * IDS_PER_MS;
    const failedOnly = filter.status === 'FAILED' ? `status = 'FAILED' AND` : '';
    const row = db
      .prepare(
        `SELECT id FROM messages WHERE ${failedOnly} id < ? AND id >= ? ORDER BY id DESC LIMIT 1 OFFSET ${WINDOW}`,
      )
      .get(upperBound({ filter, before }), from);
    return row === undefined ? { low: from, isLast: true } : { low: Number(row['id']) + 1, isLast: false };
  }

  return {
    /** Every message of that name, newest first. */
    get({ name }: { name: MessageName }): MessageView[] {
      const { where, values } = nameConditions(name);
      const rows = db.prepare(`SELECT * FROM messages WHERE ${where} ORDER BY id DESC`).all(...values);
      return rows.map((row) => toView(row as Record<string, unknown> & ViewRow));
    },

    /** One window of a listing: the messages that match, and where the next window begins (null: there is none). */
    list(scan: ScanRecord): { messages: MessageView[]; before: number | null } {
      const { low, isLast } = nextWindow(scan);
      const { where, values } = scanConditions(scan, low);
      const rows = db
        .prepare(`SELECT * FROM messages WHERE ${where} ORDER BY id DESC LIMIT ?`)
        .all(...values, scan.limit) as (Record<string, unknown> & ViewRow)[];
      const isFull = rows.length === scan.limit;
      const before = isFull ? (rows.at(-1)?.id ?? null) : isLast ? null : low;
      return { messages: rows.map(toView), before };
    },

    replay({ now, name }: { now: number; name: MessageName }): ReplayOneResult {
      const { where, values } = nameConditions(name);
      const rows = db.prepare(`SELECT * FROM messages WHERE ${where}`).all(...values) as (Record<string, unknown> &
        ReplayRow)[];
      return { found: rows.length, replayed: rows.filter((row) => replayRow(row, now)).length };
    },

    /** One window of FAILED messages: replays up to `limit` that match, newest first. */
    replayWindow({ now, ...scan }: ScanRecord & { now: number }): { replayed: number; before: number | null } {
      const { low, isLast } = nextWindow(scan);
      const { where, values } = scanConditions(scan, low);
      const rows = db
        .prepare(`SELECT * FROM messages WHERE ${where} ORDER BY id DESC LIMIT ?`)
        .all(...values, scan.limit) as (Record<string, unknown> & ReplayRow)[];
      for (const row of rows) replayRow(row, now);
      const isFull = rows.length === scan.limit;
      return { replayed: rows.length, before: isFull ? (rows.at(-1)?.id ?? null) : isLast ? null : low };
    },

    /** One window: how many messages match. */
    count(scan: ScanRecord): { matching: number; before: number | null } {
      const { low, isLast } = nextWindow(scan);
      const { where, values } = scanConditions(scan, low);
      const row = db.prepare(`SELECT count(*) AS n FROM messages WHERE ${where}`).get(...values);
      return { matching: Number(row?.['n']), before: isLast ? null : low };
    },
  };
}

interface Conditions {
  readonly where: string;
  readonly values: SQLInputValue[];
}

function conditions(parts: readonly (readonly [sql: string, value: SQLInputValue | undefined])[]): Conditions {
  const given = parts.filter((part): part is readonly [string, SQLInputValue] => part[1] !== undefined);
  return { where: given.map(([sql]) => sql).join(' AND '), values: given.map(([, value]) => value) };
}

function nameConditions(name: MessageName): Conditions {
  return conditions([
    ['message_id = ?', name.messageId],
    ['sender_id = ?', name.senderId],
    ['timestamp = ?', name.timestamp],
    ['target_url = ?', name.targetUrl],
  ]);
}

function upperBound({ filter, before }: Pick<ScanRecord, 'filter' | 'before'>): number {
  return Math.min(before, filter.to === undefined ? before : filter.to * IDS_PER_MS);
}

/** FAILED is written out: only so can the partial index of failed messages be used. */
function scanConditions(scan: ScanRecord, low: number): Conditions {
  const { filter } = scan;
  const { where, values } = conditions([
    ['id >= ?', low],
    ['id < ?', upperBound(scan)],
    ['status = ?', filter.status === 'FAILED' ? undefined : filter.status],
    ['sender_id = ?', filter.senderId],
    targetCondition(filter),
    ['reason = ?', filter.reason],
  ]);
  return { where: filter.status === 'FAILED' ? `status = 'FAILED' AND ${where}` : where, values };
}

function targetCondition({ target }: MessageFilter): readonly [string, string | undefined] {
  if (target === undefined) return ['', undefined];
  const { origin, href } = new URL(target);
  const isOrigin = href === `${origin}/`;
  return [isOrigin ? 'instr(target_url, ?) = 1' : 'target_url = ?', href];
}

function toView(row: ViewRow): MessageView {
  return {
    identity: {
      senderId: row.sender_id,
      messageId: row.message_id,
      timestamp: row.timestamp,
      targetUrl: row.target_url,
    },
    status: row.status,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    totalAttempts: row.past_attempts + row.attempts,
    replays: row.replays,
    acceptedAt: Math.floor(row.id / IDS_PER_MS),
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
    nextAttemptAt: row.due,
    reason: row.reason,
    lastError:
      row.error === null || row.error_at === null
        ? null
        : { statusCode: row.error_status, message: row.error, at: row.error_at },
  };
}
