/**
 * Room that a bounded database keeps for what it has accepted. Claims and results make rows longer; if new messages could
 * take the last page, a full database would never become empty again.
 */

import type { DatabaseSync } from 'node:sqlite';
import { readPragma } from './schema.ts';

/** Of the pages that the database may have: a 16th, and no more than 4 MiB of the usual size. */
const RESERVED_SHARE = 16;
const MOST_RESERVED_PAGES = 1_024;
/** What SQLite has when nobody set a bound. */
const UNBOUNDED_PAGES = 4_294_967_294;

/** https://sqlite.org/rescode.html#full */
const SQLITE_FULL = 13;

/** Of a database whose bound is set (`PRAGMA max_page_count`). Throws as SQLite does when only the reserve is left. */
export function createRoomCheck(db: DatabaseSync): () => void {
  const maxPages = readPragma(db, 'max_page_count');
  if (maxPages >= UNBOUNDED_PAGES) return () => undefined;
  const most = maxPages - Math.min(MOST_RESERVED_PAGES, Math.ceil(maxPages / RESERVED_SHARE));
  return () => {
    const usedPages = readPragma(db, 'page_count') - readPragma(db, 'freelist_count');
    if (usedPages <= most) return;
    throw Object.assign(new Error('database or disk is full'), { errcode: SQLITE_FULL });
  };
}
