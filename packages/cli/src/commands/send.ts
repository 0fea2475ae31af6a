import { METHODS } from '@millrace/core';
import type { Command } from 'commander';
import type { MessageInput } from '../api-shapes.ts';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import { collectHeader, type HeaderFlags } from '../header-option.ts';
import type { Io } from '../io.ts';
import {
  addClientCommand,
  addExamples,
  type ClientFlags,
  parseTimestamp,
  parseWholeNumber,
  withClient,
  writeJson,
} from '../options.ts';
import { type LargeFile, readData } from '../send/read-data.ts';
import { sendFile } from '../send/send-file.ts';
import { MAX_IN_FLIGHT } from '../send/send-lines.ts';
import { sendOne } from '../send/send-one.ts';
import { uploadFile } from '../send/upload-file.ts';
import { cleanText } from '../term/format.ts';
import { styleFor, styleStatus } from '../term/style.ts';

const DEFAULT_RETRY_FOR_S = 30;

interface MessageFlags {
  readonly to?: string;
  readonly sender?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly method?: string;
  readonly header?: HeaderFlags;
  readonly data?: string;
  readonly maxAttempts?: number;
  readonly expiresAt?: string;
}

interface Flags extends ClientFlags, MessageFlags {
  readonly file?: string;
  readonly retryFor?: number;
}

/** Adds the command `send`. */
export function registerSend(program: Command, io: Io, effects: Effects): void {
  const command = addClientCommand(program, 'send')
    .summary('send one message, or every line of a file')
    .description(
      'Sends one message, or every line of an NDJSON file. A message is accepted once: sending it again is safe.',
    )
    .option('--to <URL>', 'target of the message')
    .option('--sender <S>', 'senderId')
    .option('--id <ID>', 'messageId (default: a random UUID)')
    .option('--timestamp <T>', 'RFC 3339, a part of what names the message (default: now)', parseTimestamp)
    .option('--method <M>', `${METHODS.join(', ')} (default: POST)`, (text) => text.toUpperCase())
    .option("--header <'K: V'>", 'header of the request to the target; may be repeated', collectHeader)
    .option('--data <TEXT|@FILE|->', 'body: text, the bytes of a file (up to 100 MB), or those of standard input')
    .option('--max-attempts <N>', 'how often delivery is tried', (text) => parseWholeNumber(text, 1))
    .option('--expires-at <T>', 'RFC 3339, when delivery is given up', parseTimestamp)
    .option('--file <F.ndjson|->', 'send every line of a file, or of standard input: one message object a line')
    .option(
      '--retry-for <SECONDS>',
      `how long to try again while the server cannot answer (default: ${DEFAULT_RETRY_FOR_S})`,
      (text) => parseWholeNumber(text, 0),
    )
    .action((flags: Flags) =>
      flags.file === undefined ? sendMessage(io, effects, flags) : sendLines(io, effects, flags),
    );
  addExamples(command, [
    ['millrace send --to https://test.example/hook --sender me --data \'{"total":12.5}\'', 'one message'],
    [
      "millrace send --to https://test.example/hook --sender me --header 'content-type: image/png' --data @logo.png",
      'bytes of a file, with a header',
    ],
    ['millrace send --file messages.ndjson', 'a file: run it again if it was interrupted, nothing is sent twice'],
    ['zcat messages.ndjson.gz | millrace send --file - --json', 'a stream, with a result for scripts'],
  ]);
}

async function sendLines(io: Io, effects: Effects, flags: Flags): Promise<void> {
  const { to, sender, id, timestamp, method, header, data, maxAttempts, expiresAt } = flags;
  const single = { to, sender, id, timestamp, method, header, data, maxAttempts, expiresAt };
  const misplaced = Object.entries(single).find(([, value]) => value !== undefined);
  if (misplaced !== undefined) {
    throw new ExitError(
      EXIT.usage,
      `--file cannot be used with ${flagName(misplaced[0])}: each line is a whole message`,
    );
  }
  const { file = '-', json = false } = flags;
  await withClient(io, flags, { connections: MAX_IN_FLIGHT }, (client) =>
    sendFile(io, effects, client, { file, json, retryForMs: retryForMs(flags) }),
  );
}

async function sendMessage(io: Io, effects: Effects, flags: Flags): Promise<void> {
  const { file, ...given } = await readMessage(io, effects, flags);
  const options = { retryForMs: retryForMs(flags), isPatient: flags.retryFor !== undefined };
  await withClient(io, flags, { signal: io.signal }, async (client) => {
    const { senderId } = given;
    const payloadId = file && (await uploadFile(io, effects, client, file, { senderId, ...options }));
    const message = payloadId === undefined ? given : { ...given, payloadId };
    const answer = await sendOne(io, effects, client, message, options);
    const { timestamp, targetUrl } = message;
    if (flags.json === true) return writeJson(io, { ...answer, timestamp, targetUrl });
    const style = styleFor(io.stdout, io.env);
    const status = styleStatus(style, cleanText(answer.status));
    const what = answer.duplicate ? style('yellow', 'duplicate') : style('green', 'accepted');
    io.stdout.write(`${what}  ${answer.messageId}  sender ${answer.senderId}  ${status}\n`);
  });
}

/** A message, and the file that is to be its body when that is too large for a request. */
async function readMessage(
  io: Io,
  effects: Effects,
  flags: MessageFlags,
): Promise<MessageInput & { readonly file?: LargeFile }> {
  const { to, sender } = flags;
  if (to === undefined || sender === undefined) {
    throw new ExitError(EXIT.usage, 'send needs --to and --sender for one message, or --file for many');
  }
  const data = flags.data === undefined ? undefined : await readData(io, flags.data);
  return {
    messageId: flags.id ?? effects.newId(),
    timestamp: flags.timestamp ?? new Date(io.now()).toISOString(),
    senderId: sender,
    targetUrl: to,
    ...(flags.method === undefined ? {} : { method: flags.method }),
    // fromEntries defines its names, so that even `__proto__` is a name like any other.
    ...(flags.header === undefined ? {} : { headers: Object.fromEntries(flags.header) }),
    ...(data?.kind === 'body' ? data.fields : {}),
    ...(data?.kind === 'file' ? { file: data.file } : {}),
    ...(flags.maxAttempts === undefined ? {} : { retry: { maxAttempts: flags.maxAttempts } }),
    ...(flags.expiresAt === undefined ? {} : { expiresAt: flags.expiresAt }),
  };
}

function retryForMs(flags: Flags): number {
  return (flags.retryFor ?? DEFAULT_RETRY_FOR_S) * 1_000;
}

/** `maxAttempts` → `--max-attempts` */
function flagName(property: string): string {
  return `--${property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
