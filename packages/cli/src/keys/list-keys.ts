import type { Command } from 'commander';
import type { KeyView } from '../api-shapes.ts';
import { renderRows } from '../commands/pages.ts';
import type { Io } from '../io.ts';
import { addExamples, writeJson } from '../options.ts';
import { cleanText, formatTime } from '../term/format.ts';
import type { Style } from '../term/style.ts';
import type { Column } from '../term/table.ts';
import { addKeyCommand, type KeyFlags, withKeyClient } from './key-client.ts';
import { describeExpiry, describeLimits, describeSenders, describeState } from './key-text.ts';

/** Adds `key list`. */
export function registerList(parent: Command, io: Io): void {
  const command = addKeyCommand(parent, 'list')
    .summary('list all keys, without what they are')
    .description('Lists all keys in the order in which they were made, without what they are.')
    .action((flags: KeyFlags) => listKeys(io, flags));
  addExamples(command, [
    ['millrace key list', 'who may do what'],
    ["millrace key list --json | jq -r '.keys[] | select(.revokedAt == null) | .id'", 'ids, for a script'],
  ]);
}

async function listKeys(io: Io, flags: KeyFlags): Promise<void> {
  await withKeyClient(io, flags, { mayMake: false }, async (client) => {
    const keys = await client.listKeys();
    if (flags.json === true) return writeJson(io, { keys });
    const none = 'no keys: only this machine is served, and asked for none';
    io.stdout.write(renderRows(io, keys, (style) => columnsFor(style, io.now()), none));
  });
}

function columnsFor(style: Style, now: number): readonly Column<KeyView>[] {
  return [
    { title: 'KEY', text: ({ id }) => cleanText(id) },
    {
      title: 'STATE',
      text: (key) => describeState(key, now),
      paint: (cell, key) => style(describeState(key, now) === 'good' ? 'green' : 'dim', cell),
    },
    { title: 'NAME', text: ({ name }) => cleanText(name), shrink: { to: 12, keep: 'start', order: 2 } },
    { title: 'SENDERS', text: describeSenders, shrink: { to: 12, keep: 'start', order: 1 } },
    { title: 'MAY', text: ({ scopes }) => cleanText(scopes.join(', ')) },
    { title: 'GOOD', text: describeExpiry },
    { title: 'MADE', text: ({ createdAt }) => formatTime(createdAt), dropOrder: 1 },
    { title: 'LIMITS', text: describeLimits, dropOrder: 2 },
  ];
}
