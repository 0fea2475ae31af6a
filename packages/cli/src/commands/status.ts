import type { Command } from 'commander';
import type { MessageView } from '../api-shapes.ts';
import type { ApiClient } from '../client.ts';
import { isRetryable } from '../client-errors.ts';
import type { Effects } from '../effects.ts';
import type { Io } from '../io.ts';
import { addClientCommand, addExamples, type ClientFlags, withClient, writeJson } from '../options.ts';
import { openRetryWindow } from '../retry-window.ts';
import { cleanText, formatTime } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { renderCards } from './message-cards.ts';

const POLL_MS = 500;

/** While watching: how long a server may be away, for a restart. */
const AWAY_MS = 30_000;

interface Flags extends ClientFlags {
  readonly sender?: string;
  readonly watch?: boolean;
}

/** Adds the command `status`. */
export function registerStatus(program: Command, io: Io, effects: Effects): void {
  const command = addClientCommand(program, 'status')
    .argument('<ID>', 'messageId')
    .summary('show what became of a message')
    .description('Shows every message with this id. Exit code 1 when there is none.')
    .option('--sender <S>', 'only of this sender')
    .option('--watch', 'go on until all of them have ended; changes are written to stderr')
    .action((id: string, flags: Flags) => showStatus(io, effects, id, flags));
  addExamples(command, [
    ['millrace status order-42', 'where it is'],
    ['millrace status order-42 --sender billing --watch', 'follow it to its end'],
    ["millrace status order-42 --json | jq -r '.messages[].status'", 'its status, for a script'],
  ]);
}

async function showStatus(io: Io, effects: Effects, id: string, flags: Flags): Promise<void> {
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const first = await client.get(id, flags.sender);
    const messages = flags.watch === true ? await watch(io, effects, client, id, flags.sender, first) : first;
    if (flags.json === true) writeJson(io, { messages });
    else io.stdout.write(renderCards(messages, styleFor(io.stdout, io.env)));
  });
}

/** Polls until every message has ended, and returns them as they are then. */
async function watch(
  io: Io,
  effects: Effects,
  client: ApiClient,
  id: string,
  senderId: string | undefined,
  first: readonly MessageView[],
): Promise<readonly MessageView[]> {
  const seen = new Set<string>();
  let messages = first;
  for (;;) {
    for (const line of messages.map(describeState)) {
      if (!seen.has(line)) io.stderr.write(`${line}\n`);
      seen.add(line);
    }
    if (messages.every(hasEnded)) return messages;
    await effects.sleep(POLL_MS, io.signal);
    io.signal.throwIfAborted();
    messages = await getPatiently(io, effects, () => client.get(id, senderId));
  }
}

async function getPatiently(
  io: Io,
  effects: Effects,
  get: () => Promise<readonly MessageView[]>,
): Promise<readonly MessageView[]> {
  const window = openRetryWindow(AWAY_MS, { now: io.now, random: effects.random });
  for (;;) {
    try {
      return await get();
    } catch (error) {
      const delay = isRetryable(error) ? window.nextDelay(error.retryAfterMs) : undefined;
      if (delay === undefined) throw error;
      await effects.sleep(delay, io.signal);
      io.signal.throwIfAborted();
    }
  }
}

function hasEnded(message: MessageView): boolean {
  return message.status === 'SUCCESS' || message.status === 'FAILED';
}

function describeState(message: MessageView): string {
  const attempts = `${message.attempts}/${message.maxAttempts}`;
  const why = message.reason ?? message.lastError?.message ?? '';
  const text = `${formatTime(message.updatedAt)}  ${message.status.padEnd(10)}  ${attempts}  ${message.targetUrl}  ${why}`;
  return cleanText(text);
}
