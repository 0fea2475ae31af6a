/** Pages of messages: what `list` and `dead-letters` share. */

import type { Command } from 'commander';
import type { MessageView } from '../api-shapes.ts';
import type { Io } from '../io.ts';
import { addFilterOptions, type ClientFlags, type FilterFlags, readFilter, withClient, writeJson } from '../options.ts';
import type { Column } from '../term/table.ts';
import { addPagingOptions, collectPages, type PagingFlags, renderMore, renderRows } from './pages.ts';

export interface PageFlags extends ClientFlags, FilterFlags, PagingFlags {
  readonly status?: string;
}

export function addPageOptions(command: Command, io: Io): Command {
  return addPagingOptions(addFilterOptions(command, io));
}

/** Prints the messages that the flags ask for, newest first. */
export async function printPages(io: Io, flags: PageFlags, columns: readonly Column<MessageView>[]): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const query = { ...readFilter(flags), status: flags.status };
    const { items: messages, cursor } = await collectPages(flags, async (page) => {
      const { messages: items, cursor: next } = await client.list({ ...query, ...page });
      return { items, cursor: next };
    });
    if (flags.json === true) return writeJson(io, { messages, cursor });
    io.stdout.write(renderRows(io, messages, () => columns, 'no messages') + renderMore(io, cursor));
  });
}
