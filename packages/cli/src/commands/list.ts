import { STATUSES } from '@millrace/core';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addClientCommand, addExamples, parseStatus } from '../options.ts';
import { styleFor } from '../term/style.ts';
import {
  acceptedColumn,
  attemptsColumn,
  idColumn,
  reasonColumn,
  senderColumn,
  statusColumn,
  targetColumn,
} from './message-columns.ts';
import { addPageOptions, type PageFlags, printPages } from './message-pages.ts';

/** Adds the command `list`. */
export function registerList(program: Command, io: Io): void {
  const command = addClientCommand(program, 'list')
    .summary('list messages, newest first')
    .description('Lists messages, newest first.')
    .option('--status <S>', `only with this status (${STATUSES.join(', ')})`, parseStatus);
  addPageOptions(command, io).action((flags: PageFlags) => printPages(io, flags, columnsFor(io)));
  addExamples(command, [
    ['millrace list', 'the 50 newest'],
    ['millrace list --status retrying --from 2h', 'what is being retried of the last two hours'],
    ["millrace list --sender billing --limit 1000 --json | jq -r '.messages[].messageId'", 'ids, for a script'],
  ]);
}

function columnsFor(io: Io) {
  const status = statusColumn(styleFor(io.stdout, io.env));
  return [acceptedColumn, status, attemptsColumn, idColumn, senderColumn, targetColumn, reasonColumn];
}
