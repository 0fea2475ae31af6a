import type { Command } from 'commander';
import type { TargetPage, TargetView } from '../api-shapes.ts';
import type { ApiClient, TargetInput } from '../client.ts';
import type { Io } from '../io.ts';
import {
  addClientCommand,
  addExamples,
  type ClientFlags,
  parseWholeNumber,
  withClient,
  writeJson,
} from '../options.ts';
import { cleanText, formatTime } from '../term/format.ts';
import { type Style, styleFor } from '../term/style.ts';
import { type Column, renderTable } from '../term/table.ts';

const DEFAULT_LIMIT = 50;
/** The most that one request asks for. */
const PAGE_SIZE = 100;

interface ListFlags extends ClientFlags {
  readonly sender?: string;
  readonly limit: number;
  readonly cursor?: string;
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
  return command
    .option('--sender <S>', 'only of this sender')
    .option('--limit <N>', 'how many at most', (text) => parseWholeNumber(text, 1), DEFAULT_LIMIT)
    .option('--cursor <C>', 'continue after an earlier page, which printed it');
}

async function listTargets(io: Io, flags: ListFlags): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const page = await collectPages(client, flags);
    if (flags.json === true) return writeJson(io, page);
    io.stdout.write(renderPage(io, page));
  });
}

/** Follows cursors until there are `limit` targets or no more pages. */
async function collectPages(client: ApiClient, { sender, limit, cursor }: ListFlags): Promise<TargetPage> {
  const targets: TargetView[] = [];
  let next = cursor;
  do {
    const asked = Math.min(PAGE_SIZE, limit - targets.length);
    const page = await client.targets({ senderId: sender, limit: asked, cursor: next });
    targets.push(...page.targets);
    next = page.cursor ?? undefined;
  } while (next !== undefined && targets.length < limit);
  return { targets, cursor: next ?? null };
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

function renderPage(io: Io, { targets, cursor }: TargetPage): string {
  const style = styleFor(io.stdout, io.env);
  const lines = targets.flatMap(linesOf);
  const width = io.stdout.isTTY === true ? io.stdout.columns : undefined;
  const table =
    lines.length === 0
      ? 'no target fails or is held\n'
      : renderTable(columnsFor(style), lines, { width, paintTitle: (title) => style('bold', title) });
  return cursor === null ? table : `${table}${style('dim', `more: --cursor ${cleanText(cursor)}`)}\n`;
}
