import type { Command } from 'commander';
import type { TargetView } from '../api-shapes.ts';
import type { ApiClient, TargetInput } from '../client.ts';
import type { Io } from '../io.ts';
import { addClientCommand, addExamples, type ClientFlags, withClient, writeJson } from '../options.ts';
import { cleanText, formatTime } from '../term/format.ts';
import type { Style } from '../term/style.ts';
import type { Column } from '../term/table.ts';
import { addPagingOptions, collectPages, type PagingFlags, renderMore, renderRows } from './pages.ts';

interface ListFlags extends ClientFlags, PagingFlags {
  readonly sender?: string;
}

interface ChangeFlags extends ClientFlags {
  readonly sender: string;
}

/** Adds the command `targets`, with `hold` and `release` under it. */
export function registerTargets(program: Command, io: Io): void {
  const targets = addListOptions(addClientCommand(program, 'targets'))
    .summary('show, hold and release what messages are sent to')
    .description('Lists targets that fail or are held: open circuits and holds, of each sender by itself.')
    .action((flags: ListFlags) => listTargets(io, flags));
  addExamples(targets, [
    ['millrace targets', 'what is open, and what is held'],
    ['millrace targets hold https://partner.example --sender billing', 'let its messages wait'],
    ['millrace targets release https://partner.example/hooks --sender billing', 'let them go again'],
    ['millrace replay --reason held --target https://partner.example/hooks', 'send again what failed meanwhile'],
  ]);

  addListOptions(addClientCommand(targets, 'list'))
    .summary('the same as without a command')
    .action((flags: ListFlags) => listTargets(io, flags));

  addClientCommand(targets, 'hold')
    .argument('<TARGET>', 'an origin (https://host), or one URL')
    .requiredOption('--sender <S>', 'whose messages')
    .summary('let messages to an origin or a URL wait')
    .description('Lets the messages of a sender wait, until the target is released or they expire.')
    .action((target: string, flags: ChangeFlags) =>
      changeTarget(io, flags, target, (client, which) => client.holdTarget(which), 'held'),
    );

  addClientCommand(targets, 'release')
    .argument('<TARGET>', 'as `targets` shows it')
    .requiredOption('--sender <S>', 'whose messages')
    .summary('end a hold, or have an open circuit probed at once')
    .description('Ends a hold, or has an open circuit probed at once. What failed meanwhile is sent again by a replay.')
    .action((target: string, flags: ChangeFlags) =>
      changeTarget(io, flags, target, (client, which) => client.releaseTarget(which), 'released'),
    );
}

function addListOptions(command: Command): Command {
  return addPagingOptions(command.option('--sender <S>', 'only of this sender'));
}

async function listTargets(io: Io, flags: ListFlags): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const { items: targets, cursor } = await collectPages(flags, async (page) => {
      const { targets: items, cursor: next } = await client.targets({ senderId: flags.sender, ...page });
      return { items, cursor: next };
    });
    if (flags.json === true) return writeJson(io, { targets, cursor });
    const table = renderRows(io, targets.flatMap(linesOf), columnsFor, 'no target fails or is held');
    io.stdout.write(table + renderMore(io, cursor));
  });
}

async function changeTarget(
  io: Io,
  flags: ChangeFlags,
  target: string,
  change: (client: ApiClient, which: TargetInput) => Promise<TargetView>,
  done: string,
): Promise<void> {
  // Without a signal: a call that is under way is finished, so that what it did is known.
  await withClient(io, flags, {}, async (client) => {
    const view = await change(client, { senderId: flags.sender, target });
    if (flags.json === true) writeJson(io, view);
    else io.stdout.write(`${done} ${cleanText(view.target)} of ${cleanText(view.senderId)}\n`);
  });
}

/** One thing that keeps messages from a target: a line of the table. */
interface Line extends Pick<TargetView, 'senderId' | 'target'> {
  readonly state: string;
  readonly since: string;
  readonly until: string | null;
  readonly failures: string;
  readonly why: string;
}

function linesOf({ senderId, target, circuit, hold }: TargetView): Line[] {
  const lines: Line[] = [];
  if (hold !== null) {
    const { kind, since, until, why } = hold;
    lines.push({ ...{ senderId, target, since, until, why }, state: HOLD_WORDS[kind] ?? kind, failures: '' });
  }
  if (circuit !== null) {
    const { state, since, until, failures, requests, why } = circuit;
    lines.push({ ...{ senderId, target, state, since, until }, failures: `${failures}/${requests}`, why: why ?? '' });
  }
  return lines;
}

const HOLD_WORDS: Readonly<Record<string, string>> = { manual: 'held', 'retry-after': 'waits' };

function columnsFor(style: Style): readonly Column<Line>[] {
  const time = (text: string | null) => (text === null ? '' : formatTime(text));
  return [
    { title: 'SENDER', text: ({ senderId }) => cleanText(senderId), shrink: { to: 8, keep: 'ends', order: 3 } },
    { title: 'TARGET', text: ({ target }) => cleanText(target), shrink: { to: 20, keep: 'ends', order: 1 } },
    {
      title: 'STATE',
      text: ({ state }) => cleanText(state),
      paint: (cell, { state }) => (state === 'closed' ? cell : style(state === 'half-open' ? 'yellow' : 'red', cell)),
    },
    { title: 'FAILED', text: ({ failures }) => failures, align: 'right', dropOrder: 2 },
    { title: 'SINCE', text: ({ since }) => time(since), dropOrder: 1 },
    { title: 'UNTIL', text: ({ until }) => time(until) },
    { title: 'WHY', text: ({ why }) => cleanText(why), shrink: { to: 10, keep: 'start', order: 2 } },
  ];
}
