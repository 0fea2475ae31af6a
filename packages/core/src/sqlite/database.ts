/**
 * Opens the database of a data folder: only when it is Millrace's own, whole, and not in use by another process.
 */

import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { DataFolderError, FolderInUseError } from '../errors.ts';
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
 * @param setUp what is built on the database at once; when it fails, the database is closed again
 * @throws DataFolderError with one line that says what to do; the file is then as it was.
 */
export function openDatabase<T>(options: DatabaseOptions, setUp: (db: DatabaseSync) => T): T {
  const file = path.join(options.folder, DATABASE_FILE);
  const db = explain(options.folder, file, () => {
    makeFolder(options.folder);
    assertOwnDatabase(file);
    return new DatabaseSync(file, { enableForeignKeyConstraints: false, timeout: 0 });
  });
  try {
    return explain(options.folder, file, () => {
      prepare(db, file, options);
      return setUp(db);
    });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** `recursive` of node:fs never comes back where mkdir says ENOENT in a folder that exists, as /proc does. */
function makeFolder(folder: string): void {
  try {
    makeOneFolder(folder);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
    makeFolder(path.dirname(folder));
    makeOneFolder(folder);
  }
}

function makeOneFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
  }
}

function prepare(db: DatabaseSync, file: string, options: DatabaseOptions): void {
  // The mark is on the first page that is ever written, so that a file is ours wherever a crash cuts its making short.
  if (statSync(file).size === 0) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  // EXCLUSIVE: the first access takes a lock that only this process's end releases, however it ends.
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  assertKnownVersion(db, file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY');
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  // Takes the lock even when there is nothing to migrate.
  db.exec('BEGIN IMMEDIATE; COMMIT');
  migrate(db);
  if (options.maxBytes !== undefined) {
    db.exec(`PRAGMA max_page_count = ${Math.ceil(options.maxBytes / readPragma(db, 'page_size'))}`);
  }
}

function assertKnownVersion(db: DatabaseSync, file: string): void {
  const version = readPragma(db, 'user_version');
  if (version <= SCHEMA_VERSION) return;
  throw new DataFolderError(
    `${file} has schema version ${version}, newer than this program's ${SCHEMA_VERSION}: use a newer millrace`,
  );
}

/**
 * Looks at the file's header, and changes nothing, whosever it is: `immutable` keeps SQLite from locking, recovering and
 * checkpointing. Not with node:fs: when a process closes any handle of a file, POSIX drops all its locks on it, also
 * those of an owner in this process.
 */
function assertOwnDatabase(file: string): void {
  if (!existsSync(file)) return;
  const { size } = statSync(file);
  if (size === 0) return;
  // What a crash kept from the file is there.
  const hasLog = existsSync(`${file}-wal`);
  const url = pathToFileURL(file);
  url.search = 'immutable=1';
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    const wholeSize = readPragma(db, 'page_count') * readPragma(db, 'page_size');
    if (size < wholeSize && !hasLog) throw new DataFolderError(damaged(file));
    if (readPragma(db, 'application_id') !== APPLICATION_ID) {
      throw new DataFolderError(`${file} belongs to another program: choose another folder with --data`);
    }
    assertKnownVersion(db, file);
  } catch (error) {
    const code = primaryCode(error);
    if (code === SQLITE.NOTADB) {
      throw new DataFolderError(`${file} is not a database: move it away, or choose another folder with --data`);
    }
    const mayBeWhole = code === SQLITE.CORRUPT && hasLog;
    if (!mayBeWhole) throw error;
  } finally {
    db.close();
  }
}

function inUse(folder: string): string {
  return `${folder} is in use by another millrace: stop it first, or choose another folder with --data`;
}

function damaged(file: string): string {
  return `${file} is damaged: restore it from a backup, or choose another folder with --data`;
}

/** Turns what the file system and SQLite say into one line that names the file and what to do. */
function explain<T>(folder: string, file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    if (primaryCode(error) === SQLITE.BUSY) throw new FolderInUseError(inUse(folder), { cause: error });
    const { code = '' } = error as { code?: string };
    const text = describe(folder, file, code, primaryCode(error)) ?? `cannot open ${file}: ${(error as Error).message}`;
    throw new DataFolderError(text, { cause: error });
  }
}

/** https://sqlite.org/rescode.html; 0 for an error that is not of SQLite. */
function primaryCode(error: unknown): number {
  const { errcode = 0 } = error as { errcode?: number };
  return errcode & 0xff;
}

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
    case SQLITE.PERM:
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return `no permission to write to ${file}: choose another folder with --data, or change its permissions`;
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return damaged(file);
    case SQLITE.FULL:
      return `no space left for ${file}: make room, or choose another folder with --data`;
  }
  return undefined;
}
