/**
 * Opens the database of a data folder: only when it is Millrace's own, whole, and not in use by another process.
 */

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError } from '../errors.ts';
import { APPLICATION_ID, migrate, readPragma, SCHEMA_VERSION } from './schema.ts';

export interface DatabaseOptions {
  /** The data folder; made when it does not exist. */
  readonly folder: string;
  /** Bytes that the database may take; without it, what the disk has. */
  readonly maxBytes?: number;
}

export const DATABASE_FILE = 'millrace.db';

const CACHE_KIB = 32 * 1_024;
/** Pages of the write-ahead log that a checkpoint waits for. More: fewer writes of a page, but longer pauses. */
const CHECKPOINT_PAGES = 2_000;

/**
 * Opens, checks and, when needed, makes or migrates the database. The process owns it until it closes it or dies.
 *
 * @throws DataFolderError with one line that says what to do; the file is then as it was.
 */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  const file = path.join(options.folder, DATABASE_FILE);
  const db = explain(options.folder, file, () => {
    mkdirSync(options.folder, { recursive: true });
    assertOwnDatabase(file);
    return new DatabaseSync(file, { enableForeignKeyConstraints: false, timeout: 0 });
  });
  try {
    explain(options.folder, file, () => prepare(db, file, options));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepare(db: DatabaseSync, file: string, options: DatabaseOptions): void {
  // EXCLUSIVE: the first access takes a lock that only this process's end releases, however it ends.
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  const version = readPragma(db, 'user_version');
  if (version > SCHEMA_VERSION) {
    throw new DataFolderError(
      `${file} has schema version ${version}, newer than this program's ${SCHEMA_VERSION}: use a newer millrace`,
    );
  }
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY');
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  // Takes the lock even when there is nothing to migrate.
  db.exec('BEGIN IMMEDIATE; COMMIT');
  migrate(db);
  if (options.maxBytes !== undefined) {
    db.exec(`PRAGMA max_page_count = ${Math.ceil(options.maxBytes / readPragma(db, 'page_size'))}`);
  }
}

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';

/**
 * Looks at the file's header without SQLite, which would already write to a file that is not ours. Must run before
 * this process opens the database: closing any other handle of the file would drop SQLite's lock on it.
 */
function assertOwnDatabase(file: string): void {
  if (!existsSync(file)) return;
  const handle = openSync(file, 'r');
  try {
    const size = fstatSync(handle).size;
    // Empty: a crash before the first checkpoint; what there is lies in the write-ahead log.
    if (size === 0) return;
    const header = Buffer.alloc(HEADER_BYTES);
    const complete = readSync(handle, header, 0, HEADER_BYTES, 0) === HEADER_BYTES;
    if (!complete || header.toString('latin1', 0, 16) !== MAGIC) {
      throw new DataFolderError(`${file} is not a database: move it away, or choose another folder with --data`);
    }
    if (header.readUInt32BE(68) !== APPLICATION_ID) {
      throw new DataFolderError(`${file} belongs to another program: choose another folder with --data`);
    }
    const storedPageSize = header.readUInt16BE(16);
    const pageSize = storedPageSize === 1 ? 65_536 : storedPageSize;
    const pages = header.readUInt32BE(28);
    if (!existsSync(`${file}-wal`) && size < pages * pageSize) {
      throw new DataFolderError(
        `${file} is damaged: ${size} bytes of ${pages * pageSize}: restore it from a backup, or choose another folder with --data`,
      );
    }
  } finally {
    closeSync(handle);
  }
}

/** Turns what the file system and SQLite say into one line that names the file and what to do. */
function explain<T>(folder: string, file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    const { code = '', errcode = 0 } = error as { code?: string; errcode?: number };
    const text = describe(folder, file, code, errcode & 0xff) ?? `cannot open ${file}: ${(error as Error).message}`;
    throw new DataFolderError(text, { cause: error });
  }
}

/** https://sqlite.org/rescode.html */
const SQLITE = { PERM: 3, BUSY: 5, READONLY: 8, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 };

function describe(folder: string, file: string, code: string, sqlite: number): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `no permission to write to ${folder}: choose another folder with --data, or change its permissions`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${folder} is not a folder: choose another with --data`;
    case 'ENOSPC':
      return `no space left for ${folder}: make room, or choose another folder with --data`;
  }
  switch (sqlite) {
    case SQLITE.BUSY:
      return `${folder} is in use by another millrace: stop it first, or choose another folder with --data`;
    case SQLITE.PERM:
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return `no permission to write to ${file}: choose another folder with --data, or change its permissions`;
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return `${file} is damaged: restore it from a backup, or choose another folder with --data`;
    case SQLITE.FULL:
      return `no space left for ${file}: make room, or choose another folder with --data`;
  }
  return undefined;
}
