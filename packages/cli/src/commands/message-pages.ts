/** Pages of messages: what `list` and `dead-letters` share. */

import type { Command } from 'commander';
import type { MessageView, Page } from '../api-shapes.ts';
import type { ApiClient, ListInput } from '../client.ts';
import type { Io } from '../io.ts';
import {
  addFilterOptions,
  type ClientFlags,
  type FilterFlags,
  parseWholeNumber,
  readFilter,
  withClient,
  writeJson,
} from '../options.ts';
import { cleanText } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { type Column, renderTable } from '../term/table.ts';

const DEFAULT_LIMIT = 50;

/** The most that one request asks for. */
const PAGE_SIZE = 100;

export interface PageFlags extends ClientFlags, FilterFlags {
  readonly status?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function addPageOptions(command: Command, io: Io): Command {
  return addFilterOptions(command, io)
    .option('--limit <N>', 'how many at most', (text) => parseWholeNumber(text, 1), DEFAULT_LIMIT)
    .option('--cursor <C>', 'continue after an earlier page, which printed it');
}

/** Prints the messages that the flags ask for, newest first. */
export async function printPages(io: Io, flags: PageFlags, columns: readonly Column<MessageView>[]): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const query = { ...readFilter(flags), status: flags.status, limit: flags.limit, cursor: flags.cursor };
    const page = await collectPages(client, query);
    if (flags.json === true) return writeJson(io, page);
    io.stdout.write(renderPage(io, page, columns));
  });
}

/** Follows cursors until there are `limit` messages or no more pages. A page may be short, or empty, before the last. */
async function collectPages(client: ApiClient, query: ListInput): Promise<Page> {
  const messages: MessageView[] = [];
  let cursor = query.cursor;
  do {
    const limit = Math.min(PAGE_SIZE, query.limit - messages.length);
    const page = await client.list({ ...query, limit, cursor });
    messages.push(...page.messages);
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined && messages.length < query.limit);
  return { messages, cursor: cursor ?? null };
}

function renderPage(io: Io, page: Page, columns: readonly Column<MessageView>[]): string {
  const style = styleFor(io.stdout, io.env);
  const width = io.stdout.isTTY === true ? io.stdout.columns : undefined;
  const table =
    page.messages.length === 0
      ? 'no messages\n'
      : renderTable(columns, page.messages, { width, paintTitle: (title) => style('bold', title) });
  return page.cursor === null ? table : `${table}${style('dim', `more: --cursor ${cleanText(page.cursor)}`)}\n`;
}
