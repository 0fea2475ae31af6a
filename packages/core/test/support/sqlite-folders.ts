/** Data folders as tests find and leave them. */

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '@millrace/core/sqlite';
import { aMessage, createManualClock } from '@millrace/core/testing';
import { DATABASE_FILE } from '../../src/sqlite/database.ts';

/** Every file of the folder with its bytes. */
export async function contentsOf(folder: string): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const name of (await readdir(folder)).sort()) {
    contents.set(name, (await readFile(path.join(folder, name))).toString('base64'));
  }
  return contents;
}

/** Makes a data folder with some messages in it, closed in order. */
export async function fillFolder(folder: string, messages = 50): Promise<void> {
  const store = await openSqliteStore({ folder, thread: false, clock: createManualClock() });
  await store.accept(Array.from({ length: messages }, () => aMessage({ body: 'x'.repeat(300) })));
  await store.close();
}

/** Runs SQL on the folder's database as any program could. */
export function runSql(folder: string, sql: string): void {
  const db = new DatabaseSync(path.join(folder, DATABASE_FILE));
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}
