import type { Command } from 'commander';
import type { ApiClient, FilterInput } from '../client.ts';
import { errorText } from '../error-text.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import {
  addClientCommand,
  addExamples,
  addFilterOptions,
  type ClientFlags,
  type FilterFlags,
  parseTimestamp,
  readFilter,
  withClient,
  writeJson,
} from '../options.ts';
import { formatAmount, formatCount } from '../term/format.ts';
import { createProgress } from '../term/progress.ts';

interface Flags extends ClientFlags, FilterFlags {
  readonly timestamp?: string;
  readonly dryRun?: boolean;
  readonly all?: boolean;
}

/** Adds the command `replay`. */
export function registerReplay(program: Command, io: Io): void {
  const command = addClientCommand(program, 'replay')
    .argument('[ID]', 'messageId of one message; without it, every dead letter that matches')
    .summary('send dead letters again')
    .description('Sends dead letters again, each with a fresh plan of attempts.');
  addFilterOptions(command, io)
    .option('--timestamp <T>', 'with ID: only the message with this timestamp', parseTimestamp)
    .option('--dry-run', 'only count them')
    .option('--all', 'every dead letter there is')
    .action((id: string | undefined, flags: Flags) =>
      id === undefined ? replayMatching(io, flags) : replayOne(io, id, flags),
    );
  addExamples(command, [
    ['millrace replay order-42 --sender billing', 'one message'],
    ['millrace replay --target https://partner.example/ --dry-run', 'count what failed at one host'],
    ['millrace replay --reason exhausted --from 2h', 'what gave up in the last two hours'],
  ]);
}

async function replayOne(io: Io, id: string, flags: Flags): Promise<void> {
  const { sender, timestamp, target } = flags;
  if (sender === undefined) throw new ExitError(EXIT.usage, 'replay ID needs --sender: ids are unique only within one');
  const forMany = { '--reason': flags.reason, '--from': flags.from, '--to': flags.to, '--dry-run': flags.dryRun };
  const misplaced = Object.entries({ ...forMany, '--all': flags.all }).find(([, value]) => value !== undefined);
  if (misplaced !== undefined) throw new ExitError(EXIT.usage, `${misplaced[0]} cannot be used with an ID`);
  await withClient(io, flags, {}, async (client) => {
    const { replayed } = await client.replayOne(id, { senderId: sender, timestamp, targetUrl: target });
    if (flags.json === true) writeJson(io, { replayed, remaining: 0 });
    else io.stdout.write(`replayed ${formatAmount(replayed, 'message')}\n`);
  });
}

async function replayMatching(io: Io, flags: Flags): Promise<void> {
  const filter = readFilter(flags);
  if (flags.timestamp !== undefined) throw new ExitError(EXIT.usage, '--timestamp needs an ID');
  const hasFilter = Object.values(filter).some((value) => value !== undefined);
  if (!hasFilter && flags.all !== true) {
    throw new ExitError(EXIT.usage, 'replay needs an ID, a filter such as --target, or --all for every dead letter');
  }
  if (hasFilter && flags.all === true) throw new ExitError(EXIT.usage, '--all cannot be used with a filter');
  // Without a signal: a call that is under way is finished, so that what it did is known.
  await withClient(io, flags, {}, (client) =>
    flags.dryRun === true ? countMatching(io, flags, client, filter) : replayPages(io, flags, client, filter),
  );
}

async function countMatching(io: Io, flags: Flags, client: ApiClient, filter: FilterInput): Promise<void> {
  const { replayed, remaining } = await client.replay({ ...filter, dryRun: true });
  const matching = replayed + remaining;
  if (flags.json === true) writeJson(io, { replayed: 0, remaining: matching });
  else io.stdout.write(`${formatAmount(matching, 'message')} would be replayed\n`);
}

async function replayPages(io: Io, flags: Flags, client: ApiClient, filter: FilterInput): Promise<void> {
  const progress = createProgress(io.stderr, io.now);
  let replayed = 0;
  let remaining = 0;
  let cursor: string | undefined;
  let failure: unknown;
  do {
    try {
      const page = await client.replay({ ...filter, dryRun: false, cursor });
      replayed += page.replayed;
      remaining = page.remaining;
      cursor = page.cursor ?? undefined;
      progress.show(() => `replayed ${formatCount(replayed)}, ${formatCount(remaining)} left`);
    } catch (error) {
      // Before anything was done it is a plain failure.
      if (cursor === undefined) throw error;
      failure = error;
    }
  } while (cursor !== undefined && failure === undefined && !io.signal.aborted);
  progress.end();

  if (flags.json === true) writeJson(io, { replayed, remaining });
  else
    io.stdout.write(`replayed ${formatAmount(replayed, 'message')}${remaining === 0 ? '' : describeRest(remaining)}\n`);
  if (failure !== undefined) {
    throw new ExitError(EXIT.partial, `stopped: ${errorText(failure)}; run it again for the rest`, { cause: failure });
  }
  if (cursor !== undefined) throw new ExitError(EXIT.partial, 'interrupted; run it again for the rest');
}

function describeRest(remaining: number): string {
  return `, ${formatCount(remaining)} left`;
}
