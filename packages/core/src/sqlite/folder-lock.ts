/** A folder that one process at a time may change. The lock goes with the process, however it ends. */

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError, FolderInUseError } from '../errors.ts';

export interface FolderLock {
  release(): void;
}

const LOCK_FILE = '.lock';
const SQLITE_BUSY = 5;

/**
 * SQLite locks a file on every system, which Node cannot. Other programs take no notice of it.
 *
 * @param folder is there
 * @throws FolderInUseError when another process has it, or this one already; DataFolderError
 */
export function lockFolder(folder: string): FolderLock {
  const file = path.join(folder, LOCK_FILE);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    const { errcode = 0, message } = error as { errcode?: number; message?: string };
    if ((errcode & 0xff) === SQLITE_BUSY) {
      throw new FolderInUseError(`${folder} is being changed by another millrace`, { cause: error });
    }
    throw new DataFolderError(`cannot lock ${folder}: ${message}`, { cause: error });
  }
  const locked = db;
  return { release: () => locked.close() };
}
