import { type KeyLimits, SCOPES } from '@millrace/core';
import { type Command, InvalidArgumentError } from 'commander';
import type { KeyInput, NewKey } from '../api-shapes.ts';
import { durationOf } from '../durations.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { addExamples, parseTime, parseWholeNumber, writeJson } from '../options.ts';
import { cleanText } from '../term/format.ts';
import { addKeyCommand, type KeyFlags, withKeyClient } from './key-client.ts';
import { describeExpiry, describeSenders } from './key-text.ts';

interface Flags extends KeyFlags {
  readonly name: string;
  readonly sender?: readonly string[];
  readonly allSenders?: boolean;
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly rate?: number;
  readonly backlog?: number;
}

/** Adds `key create`. */
export function registerCreate(parent: Command, io: Io): void {
  const command = addKeyCommand(parent, 'create')
    .summary('make a key, and show it this once')
    .description('Makes a key and prints it, alone, to stdout. It is not kept, and cannot be shown again.')
    .requiredOption('--name <N>', 'what it is for, for people')
    .option('--sender <S>', 'a sender that it may act for; may be repeated', collect)
    .option('--all-senders', 'it may act for every sender')
    .option('--scope <S>', `what it may do: ${SCOPES.join(', ')}; may be repeated (default: send, read)`, collectScope)
    .option('--expires <T>', 'good until then: 90d, 12h, or 2027-11-22T10:00:00Z (default: for ever)', (text) =>
      parseExpiry(text, io.now()),
    )
    .option('--rate <N/s>', 'messages a second that it may hand in (default: what the server says)', parseRate)
    .option('--backlog <N>', 'messages of its senders that may wait', (text) => parseWholeNumber(text, 1))
    .action((flags: Flags) => createKey(io, flags));
  addExamples(command, [
    [
      'millrace key create --name operators --all-senders --scope send --scope read --scope operate',
      'for who runs Millrace: the first to make',
    ],
    ['millrace key create --name billing --sender billing --rate 200/s --expires 90d', 'for one sender'],
    ['MILLRACE_KEY=$(millrace key create --data ./millrace-data --name me --all-senders)', 'before the server starts'],
  ]);
}

async function createKey(io: Io, flags: Flags): Promise<void> {
  const input = readInput(flags);
  await withKeyClient(io, flags, { mayMake: true }, async (client) => {
    const isFirst = (await client.listKeys()).length === 0;
    const key = await client.createKey(input);
    if (flags.json === true) writeJson(io, key);
    else io.stdout.write(`${key.key}\n`);
    io.stderr.write(`${describe(key)}\n`);
    if (isFirst) io.stderr.write(`${describeFirst(key)}\n`);
  });
}

function readInput({ name, sender, allSenders, scope, expires, rate, backlog }: Flags): KeyInput {
  if ((sender === undefined) === (allSenders === undefined)) {
    throw new ExitError(EXIT.usage, 'key create needs --sender, once or more, or --all-senders');
  }
  return {
    name,
    senders: sender ?? ['*'],
    scopes: scope,
    expiresAt: expires,
    rate: rate === undefined ? undefined : { perSecond: rate },
    backlog,
  };
}

function describe(key: NewKey): string {
  const { id, name, scopes } = key;
  const what = `may ${scopes.join(', ')} for ${describeSenders(key)}, ${describeExpiry(key)}`;
  return `${cleanText(`Key ${id} (${name}) ${what}`)}. It is not shown again.`;
}

function describeFirst({ senders, scopes }: NewKey): string {
  const canMakeOthers = senders[0] === '*' && scopes.includes('operate');
  const first = 'It is the first: from now on every request needs a key.';
  return canMakeOthers ? first : `${first} This one cannot make others; that takes --data, while no server runs.`;
}

function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

function collectScope(text: string, earlier: readonly string[] = []): readonly string[] {
  if (!SCOPES.some((scope) => scope === text)) throw new InvalidArgumentError(`It is one of ${SCOPES.join(', ')}.`);
  return earlier.includes(text) ? earlier : [...earlier, text];
}

/** A hundred years. */
const LONGEST_MS = 36_500 * 86_400_000;

/** In place of a time in the past, as elsewhere, a length of time leads into the future. */
function parseExpiry(text: string, now: number): string {
  const duration = durationOf(text);
  if (duration !== undefined && duration > LONGEST_MS) throw new InvalidArgumentError('Give at most 36500d.');
  const time = duration === undefined ? parseTime(text, now) : new Date(now + duration).toISOString();
  if (Date.parse(time) > now) return time;
  throw new InvalidArgumentError('Give a time in the future.');
}

function parseRate(text: string): NonNullable<KeyLimits['rate']>['perSecond'] {
  const [, digits = ''] = /^(\d+)\/s$/.exec(text) ?? [];
  if (digits === '') throw new InvalidArgumentError('Give messages a second, such as 200/s.');
  return parseWholeNumber(digits, 1);
}
