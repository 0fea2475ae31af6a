/**
 * Which payloads there are, and which of them a message has. A request names its payload for as long as its message can
 * be sent or replayed, so that nothing else need count the uses.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { PayloadRef } from '../domain/payload.ts';

/** Of a request: all of them null when its body stands in it. */
export interface PayloadColumns {
  readonly payload_key: string | null;
  readonly payload_sha256: string | null;
  readonly payload_size: number | null;
  readonly payload_etag: string | null;
}

/** In the order of the table. */
export function toPayloadColumns(
  payload: PayloadRef | null,
): [string, string, number, string] | [null, null, null, null] {
  if (payload === null) return [null, null, null, null];
  return [payload.key, payload.sha256, payload.size, payload.etag];
}

export function payloadOf(row: PayloadColumns): PayloadRef | null {
  const { payload_key: key, payload_sha256: sha256, payload_size: size, payload_etag: etag } = row;
  return key === null || sha256 === null || size === null || etag === null ? null : { key, sha256, size, etag };
}

export interface UnusedPayloads {
  readonly keys: readonly string[];
  /** There may be others. */
  readonly more: boolean;
}

export function createPayloadRows(db: DatabaseSync) {
  const upsert = db.prepare(`
    INSERT INTO payloads VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET kept_until = max(kept_until, excluded.kept_until)`);
  const selectPast = db.prepare('SELECT key FROM payloads WHERE kept_until <= ? ORDER BY kept_until LIMIT ?');
  const selectKept = db.prepare('SELECT kept_until FROM payloads WHERE key = ?');
  const selectUse = db.prepare('SELECT 1 FROM requests WHERE payload_key = ? LIMIT 1');
  const deletePayload = db.prepare('DELETE FROM payloads WHERE key = ?');
  const isUsed = (key: string): boolean => selectUse.get(key) !== undefined;

  return {
    /** Keeps a payload until then at least (epoch milliseconds), whether or not a message has it. */
    keepPayload: ({ key, until }: { key: string; until: number }): void => void upsert.run(key, until),

    /** Looks at up to `limit` payloads whose time is over. Those that a message has are not looked at until `until`. */
    findUnusedPayloads({ now, until, limit }: { now: number; until: number; limit: number }): UnusedPayloads {
      const past = (selectPast.all(now, limit) as { key: string }[]).map(({ key }) => key);
      const keys: string[] = [];
      for (const key of past) {
        if (isUsed(key)) upsert.run(key, until);
        else keys.push(key);
      }
      return { keys, more: past.length === limit };
    },

    isPayloadUnused({ now, key }: { now: number; key: string }): boolean {
      const kept = selectKept.get(key) as { kept_until: number } | undefined;
      return (kept === undefined || kept.kept_until <= now) && !isUsed(key);
    },

    forgetPayload: ({ key }: { key: string }): void => void deletePayload.run(key),
  };
}
