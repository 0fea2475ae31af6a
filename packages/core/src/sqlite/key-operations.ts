/** Keys as rows. */

import type { DatabaseSync } from 'node:sqlite';
import type { StoredKey } from '../domain/api-key.ts';

interface KeyRow {
  readonly id: string;
  readonly hash: string;
  readonly name: string;
  /** JSON, as are scopes and limits. */
  readonly senders: string;
  readonly scopes: string;
  readonly limits: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

export function createKeyOperations(db: DatabaseSync) {
  const columns = 'id, hash, name, senders, scopes, limits, created_at, expires_at, revoked_at';
  const insert = db.prepare(`INSERT INTO keys (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const select = db.prepare(`SELECT ${columns} FROM keys ORDER BY number`);
  const revoke = db.prepare(`
    UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?
    RETURNING ${columns}`);

  return {
    addKey({ key }: { key: StoredKey }): boolean {
      const { id, hash, name, senders, scopes, limits, createdAt, expiresAt, revokedAt } = key;
      const json = [senders, scopes, limits].map((value) => JSON.stringify(value));
      return insert.run(id, hash, name, ...json, createdAt, expiresAt, revokedAt).changes > 0;
    },
    /** In the order in which they were made. */
    listKeys: (): StoredKey[] => select.all().map((row) => toKey(row as Record<string, unknown> & KeyRow)),
    revokeKey({ id, at }: { id: string; at: number }): StoredKey | undefined {
      const row = revoke.get(at, id);
      return row === undefined ? undefined : toKey(row as Record<string, unknown> & KeyRow);
    },
  };
}

function toKey(row: KeyRow): StoredKey {
  return {
    id: row.id,
    hash: row.hash,
    name: row.name,
    senders: JSON.parse(row.senders),
    scopes: JSON.parse(row.scopes),
    limits: JSON.parse(row.limits),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
