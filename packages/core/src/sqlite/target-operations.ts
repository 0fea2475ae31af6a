/** What is known of targets as statements on one database; what the states mean is of no concern here. */

import type { DatabaseSync } from 'node:sqlite';
import type { TargetKey } from '../domain/target-state.ts';

/** A state as it is stored. */
export interface TargetRecord extends TargetKey {
  readonly version: string;
  /** JSON. */
  readonly state: string;
  /** Epoch milliseconds; null: it is kept. */
  readonly expiresAt: number | null;
}

interface TargetRow {
  readonly sender_id: string;
  readonly target: string;
  readonly version: string;
  readonly state: string;
  readonly expires_at: number | null;
}

export interface TargetScan {
  readonly now: number;
  readonly senderId: string | undefined;
  /** The page begins behind this one. */
  readonly after: TargetKey | undefined;
  readonly limit: number;
}

export function createTargetOperations(db: DatabaseSync) {
  const select = db.prepare('SELECT * FROM targets WHERE sender_id = ? AND target = ?');
  // A row whose time is over is as good as none.
  const insert = db.prepare(`
    INSERT INTO targets VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sender_id, target) DO UPDATE
      SET version = excluded.version, state = excluded.state, expires_at = excluded.expires_at
      WHERE expires_at <= ?`);
  const update = db.prepare(`
    UPDATE targets SET version = ?, state = ?, expires_at = ? WHERE sender_id = ? AND target = ? AND version = ?`);
  const selectPage = db.prepare(`
    SELECT * FROM targets
    WHERE (sender_id, target) > (?, ?) AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY sender_id, target LIMIT ?`);
  const selectPageOfSender = db.prepare(`
    SELECT * FROM targets
    WHERE sender_id = ? AND target > ? AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY target LIMIT ?`);
  const removeOver = db.prepare(`
    DELETE FROM targets WHERE (sender_id, target) IN
      (SELECT sender_id, target FROM targets WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`);

  function readOne({ senderId, target }: TargetKey, now: number): TargetRecord | null {
    const row = select.get(senderId, target) as TargetRow | undefined;
    const isOver = row?.expires_at !== undefined && row.expires_at !== null && row.expires_at <= now;
    return row === undefined || isOver ? null : toRecord(row);
  }

  return {
    readTargets: ({ now, keys }: { now: number; keys: readonly TargetKey[] }): (TargetRecord | null)[] =>
      keys.map((key) => readOne(key, now)),

    /** Undefined where it was written; else what stands there, of which `seen` is not the version. */
    writeTargets({
      now,
      writes,
    }: {
      now: number;
      writes: readonly { readonly record: TargetRecord; readonly seen: string | null }[];
    }): (TargetRecord | null | undefined)[] {
      return writes.map(({ record, seen }) => {
        const { senderId, target, version, state, expiresAt } = record;
        const { changes } =
          seen === null
            ? insert.run(senderId, target, version, state, expiresAt, now)
            : update.run(version, state, expiresAt, senderId, target, seen);
        return changes === 0 ? readOne(record, now) : undefined;
      });
    },

    listTargets({ now, senderId, after, limit }: TargetScan): TargetRecord[] {
      const rows =
        senderId === undefined
          ? selectPage.all(after?.senderId ?? '', after?.target ?? '', now, limit)
          : selectPageOfSender.all(senderId, after?.target ?? '', now, limit);
      return rows.map((row) => toRecord(row as Record<string, unknown> & TargetRow));
    },

    /** Removes up to `limit` that say nothing any more; returns how many. */
    removeExpiredTargets: ({ now, limit }: { now: number; limit: number }): number =>
      Number(removeOver.run(now, limit).changes),
  };
}

function toRecord({ sender_id, target, version, state, expires_at }: TargetRow): TargetRecord {
  return { senderId: sender_id, target, version, state, expiresAt: expires_at };
}
