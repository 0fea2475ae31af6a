/** The database as the first released version made it. Never changed: later versions must know how to go on from here. */
export const SCHEMA_V1 = `
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
PRAGMA application_id = 0x4d4c5243;
PRAGMA user_version = 1;
PRAGMA journal_mode = wal;
`;
