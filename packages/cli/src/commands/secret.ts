import { OVERLAP_MS } from '@millrace/core';
import { type Command, InvalidArgumentError } from 'commander';
import type { SigningSecretsView } from '../api-shapes.ts';
import type { Io } from '../io.ts';
import { addClientCommand, addExamples, type ClientFlags, parseDuration, withClient, writeJson } from '../options.ts';
import { cleanText, formatTime } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { type Column, renderTable } from '../term/table.ts';

interface Flags extends ClientFlags {
  readonly sender: string;
  /** Milliseconds. */
  readonly overlap?: number;
}

const SECOND_MS = 1_000;

/** Adds the commands `secret show` and `secret rotate`. */
export function registerSecret(program: Command, io: Io): void {
  const secret = program
    .command('secret')
    .summary('show or rotate the secrets that sign requests')
    .description("The secrets that sign a sender's requests, and by which receivers verify them.");

  const show = addClientCommand(secret, 'show')
    .summary('show the secrets in force')
    .description('Shows the secrets in force, newest first. A sender that has none yet is given one.')
    .requiredOption('--sender <S>', 'whose secrets')
    .action((flags: Flags) => showSecrets(io, flags));
  addExamples(show, [
    ['millrace secret show --sender billing', 'what a receiver of its messages needs'],
    ["millrace secret show --sender billing --json | jq -r '.secrets[0].secret'", 'the newest alone'],
  ]);

  const rotate = addClientCommand(secret, 'rotate')
    .summary('give a sender a new secret')
    .description('Makes a new secret. Those of now go on to sign beside it, until receivers know the new one.')
    .requiredOption('--sender <S>', 'whose secret')
    .option('--overlap <D>', 'how long the old ones stay in force: 0s to 7d (default: 24h)', parseOverlap)
    .action((flags: Flags) => rotateSecret(io, flags));
  addExamples(rotate, [
    ['millrace secret rotate --sender billing', 'the old secret stays in force for a day'],
    ['millrace secret rotate --sender billing --overlap 0s', 'it has leaked: the old secret ends within a minute'],
  ]);
}

/** @throws InvalidArgumentError */
function parseOverlap(text: string): number {
  const ms = parseDuration(text);
  if (ms <= OVERLAP_MS.most) return ms;
  throw new InvalidArgumentError('It is at most 7d.');
}

async function showSecrets(io: Io, flags: Flags): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) =>
    print(io, flags, await client.secrets(flags.sender)),
  );
}

async function rotateSecret(io: Io, flags: Flags): Promise<void> {
  const { sender, overlap } = flags;
  const rotation = overlap === undefined ? {} : { overlapSeconds: overlap / SECOND_MS };
  // Without a signal: a call that is under way is finished, so that what it did is known.
  await withClient(io, flags, {}, async (client) => print(io, flags, await client.rotateSecret(sender, rotation)));
}

type Row = SigningSecretsView['secrets'][number];

const COLUMNS: readonly Column<Row>[] = [
  { title: 'SECRET', text: ({ secret }) => cleanText(secret) },
  { title: 'CREATED', text: ({ createdAt }) => formatTime(createdAt) },
  {
    title: 'IN FORCE UNTIL',
    text: ({ inForceUntil }) => (inForceUntil === null ? 'it is rotated' : formatTime(inForceUntil)),
  },
];

function print(io: Io, { json }: ClientFlags, answer: SigningSecretsView): void {
  if (json === true) {
    writeJson(io, answer);
    return;
  }
  const style = styleFor(io.stdout, io.env);
  // Whatever the terminal's width: a secret that is cut is of no use.
  io.stdout.write(renderTable(COLUMNS, answer.secrets, { paintTitle: (title) => style('bold', title) }));
}
