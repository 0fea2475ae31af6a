import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addClientCommand, addExamples } from '../options.ts';
import {
  attemptsColumn,
  failedAtColumn,
  idColumn,
  lastErrorColumn,
  reasonColumn,
  senderColumn,
  targetColumn,
} from './message-columns.ts';
import { addPageOptions, type PageFlags, printPages } from './message-pages.ts';

const COLUMNS = [
  failedAtColumn,
  reasonColumn,
  attemptsColumn,
  idColumn,
  senderColumn,
  targetColumn,
  lastErrorColumn,
] as const;

/** Adds the command `dead-letters`. */
export function registerDeadLetters(program: Command, io: Io): void {
  const command = addClientCommand(program, 'dead-letters')
    .summary('list what was given up, and why')
    .description('Lists messages that were given up, newest first, and why. `millrace replay` sends them again.');
  addPageOptions(command, io).action((flags: PageFlags) => printPages(io, { ...flags, status: 'FAILED' }, COLUMNS));
  addExamples(command, [
    ['millrace dead-letters --from 7d', 'of the last week'],
    ['millrace dead-letters --target https://partner.example/ --reason exhausted', 'of one host that was down'],
    ["millrace dead-letters --json | jq '.messages[].lastError'", 'the last error of each'],
  ]);
}
