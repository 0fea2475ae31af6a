/** What commands that list things page by page share. */

import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { parseWholeNumber } from '../options.ts';
import { cleanText } from '../term/format.ts';
import { type Style, styleFor } from '../term/style.ts';
import { type Column, renderTable } from '../term/table.ts';

const DEFAULT_LIMIT = 50;
/** The most that one request asks for. */
const PAGE_SIZE = 100;

export interface PagingFlags {
  readonly limit: number;
  readonly cursor?: string;
}

export interface Items<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null when nothing is left. */
  readonly cursor: string | null;
}

export function addPagingOptions(command: Command): Command {
  return command
    .option('--limit <N>', 'how many at most', (text) => parseWholeNumber(text, 1), DEFAULT_LIMIT)
    .option('--cursor <C>', 'continue after an earlier page, which printed it');
}

/** Follows cursors until there are `limit` items or no more pages. A page may be short, or empty, before the last. */
export async function collectPages<T>(
  { limit, cursor }: PagingFlags,
  ask: (page: { readonly limit: number; readonly cursor: string | undefined }) => Promise<Items<T>>,
): Promise<Items<T>> {
  const items: T[] = [];
  let next = cursor;
  do {
    const page = await ask({ limit: Math.min(PAGE_SIZE, limit - items.length), cursor: next });
    items.push(...page.items);
    next = page.cursor ?? undefined;
  } while (next !== undefined && items.length < limit);
  return { items, cursor: next ?? null };
}

/** @param none what is said in place of an empty table */
export function renderRows<Row>(
  io: Io,
  rows: readonly Row[],
  columns: (style: Style) => readonly Column<Row>[],
  none: string,
): string {
  if (rows.length === 0) return `${none}\n`;
  const style = styleFor(io.stdout, io.env);
  const width = io.stdout.isTTY === true ? io.stdout.columns : undefined;
  return renderTable(columns(style), rows, { width, paintTitle: (title) => style('bold', title) });
}

/** How to go on, under a table. */
export function renderMore(io: Io, cursor: string | null): string {
  return cursor === null ? '' : `${styleFor(io.stdout, io.env)('dim', `more: --cursor ${cleanText(cursor)}`)}\n`;
}
