import type { Command } from 'commander';
import type { Stats } from '../api-shapes.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { addClientCommand, addExamples, type ClientFlags, withClient, writeJson } from '../options.ts';
import { formatCount } from '../term/format.ts';
import { type Style, styleFor } from '../term/style.ts';
import { renderTable } from '../term/table.ts';

/** Adds the command `stats`. */
export function registerStats(program: Command, io: Io): void {
  const command = addClientCommand(program, 'stats')
    .summary('show the accounting')
    .description('Shows the accounting: accepted = succeeded + failed + waiting. Exit code 1 when it does not add up.')
    .action((flags: ClientFlags) => showStats(io, flags));
  addExamples(command, [
    ['millrace stats', 'what became of all messages'],
    ['millrace stats --json | jq .waiting', 'how many are on their way'],
  ]);
}

async function showStats(io: Io, flags: ClientFlags): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const stats = await client.stats();
    if (flags.json === true) writeJson(io, stats);
    else io.stdout.write(renderStats(stats, styleFor(io.stdout, io.env)));
    if (stats.difference !== 0) {
      throw new ExitError(
        EXIT.failed,
        `the accounting does not add up: the difference is ${formatCount(stats.difference)}`,
      );
    }
  });
}

function renderStats(stats: Stats, style: Style): string {
  const rows = [
    { name: 'accepted', value: stats.accepted },
    { name: 'succeeded', value: stats.succeeded },
    { name: 'failed', value: stats.failed },
    { name: 'waiting', value: stats.waiting },
    { name: 'difference', value: stats.difference },
  ];
  type Row = (typeof rows)[number];
  const paint = (cell: string, row: Row) => {
    if (row.name === 'difference') return style(row.value === 0 ? 'green' : 'red', cell);
    return row.name === 'failed' && row.value > 0 ? style('red', cell) : cell;
  };
  const table = renderTable<Row>(
    [
      { title: '', text: (row) => row.name },
      { title: 'MESSAGES', text: (row) => formatCount(row.value), align: 'right', paint },
    ],
    rows,
    { paintTitle: (title) => style('bold', title) },
  );
  return table;
}
