/**
 * The database of one machine: its tables, and the way from any older version to this one.
 */

import type { DatabaseSync } from 'node:sqlite';

/** `PRAGMA application_id` of a Millrace database: "MLRC". */
export const APPLICATION_ID = 0x4d4c5243;

/** `messages.id` leaves room for this many messages a millisecond; a clock that stands still or goes back uses them up. */
export const IDS_PER_MS = 1_024;

/**
 * Migration n leads from schema version n to n + 1. One that has been released is never changed.
 *
 * `messages.id` is the time of acceptance in ms × `IDS_PER_MS` plus a count: rows lie in the order of their acceptance, pages
 * fill from the right, and a range of time is a range of ids.
 *
 * `due` is set exactly while a message waits or is processed (`DeliveryState.due`), so that an index over it is the
 * queue. `remove_at` is set exactly when it has ended. Requests stand apart: the rows that every step of a delivery
 * rewrites stay small, and a delivered body is gone at once.
 */
export const MIGRATIONS = [
  `
  CREATE TABLE messages (
    id            INTEGER PRIMARY KEY,
    message_id    TEXT    NOT NULL,
    sender_id     TEXT    NOT NULL,
    timestamp     TEXT    NOT NULL,
    target_url    TEXT    NOT NULL,
    content_hash  TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    round         INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    token         TEXT,
    due           INTEGER,
    reason        TEXT,
    replays       INTEGER NOT NULL,
    past_attempts INTEGER NOT NULL,
    max_attempts  INTEGER NOT NULL,
    lifetime      INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    error         TEXT,
    error_status  INTEGER,
    error_at      INTEGER,
    remove_at     INTEGER
  ) STRICT;

  CREATE UNIQUE INDEX messages_identity ON messages (message_id, sender_id, timestamp, target_url);
  CREATE INDEX messages_due    ON messages (due)       WHERE due IS NOT NULL;
  CREATE INDEX messages_remove ON messages (remove_at) WHERE remove_at IS NOT NULL;
  CREATE INDEX messages_failed ON messages (id)        WHERE status = 'FAILED';

  CREATE TABLE requests (
    id      INTEGER PRIMARY KEY,
    method  TEXT NOT NULL,
    headers TEXT NOT NULL,
    body    BLOB NOT NULL
  ) STRICT;

  CREATE TABLE counters (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO counters VALUES ('accepted', 0), ('succeeded', 0), ('failed', 0);

  CREATE TABLE probe (data BLOB NOT NULL) STRICT;
  `,
  // What is known of targets: circuits and holds, as JSON.
  `
  CREATE TABLE targets (
    sender_id  TEXT NOT NULL,
    target     TEXT NOT NULL,
    version    TEXT NOT NULL,
    state      TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (sender_id, target)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX targets_expiry ON targets (expires_at) WHERE expires_at IS NOT NULL;
  `,
  'ALTER TABLE requests ADD COLUMN traceparent TEXT',
  // `backlog.waiting` is the number of the sender's messages with a `due`. `keys` are never removed.
  `
  CREATE TABLE backlog (
    sender_id TEXT    PRIMARY KEY,
    waiting   INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO backlog SELECT sender_id, count(*) FROM messages WHERE due IS NOT NULL GROUP BY sender_id;

  CREATE TABLE keys (
    number     INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    hash       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    senders    TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    limits     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT;
  `,
  // A payload is in use while a request names it; `kept_until` is when it may go without one.
  `
  ALTER TABLE requests ADD COLUMN payload_key    TEXT;
  ALTER TABLE requests ADD COLUMN payload_sha256 TEXT;
  ALTER TABLE requests ADD COLUMN payload_size   INTEGER;
  ALTER TABLE requests ADD COLUMN payload_etag   TEXT;
  CREATE INDEX requests_payload ON requests (payload_key) WHERE payload_key IS NOT NULL;

  CREATE TABLE payloads (
    key        TEXT    PRIMARY KEY,
    kept_until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX payloads_kept ON payloads (kept_until);
  `,
  // The queue by lane (`originOf` in domain/lane.ts): every lane has its own, and what waits in one is not in the way
  // of the others. The origin takes no room in a row.
  `
  ALTER TABLE messages ADD COLUMN origin TEXT
    GENERATED ALWAYS AS (substr(target_url, 1, 7 + instr(substr(target_url, 9), '/'))) VIRTUAL;
  DROP INDEX messages_due;
  CREATE INDEX messages_queue ON messages (sender_id, origin, due) WHERE due IS NOT NULL;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

export function readPragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return Number(Object.values(row ?? {})[0]);
}

/** Brings an empty or older database to the present version, in one transaction. */
export function migrate(db: DatabaseSync): void {
  const version = readPragma(db, 'user_version');
  if (version === SCHEMA_VERSION) return;
  db.exec('BEGIN IMMEDIATE');
  for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  // Into the main file, where `assertOwnDatabase` looks for the version.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
