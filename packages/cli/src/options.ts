/** What commands of the API have in common: flags, and how texts from people are read. */

import { parseInstant, REASONS, STATUSES } from '@millrace/core';
import { type Command, InvalidArgumentError } from 'commander';
import { type Access, keyAccess } from './access.ts';
import { type ApiClient, type ClientOptions, createClient, type FilterInput } from './client.ts';
import { ApiError } from './client-errors.ts';
import { durationOf } from './durations.ts';
import { EXIT_CODES_HELP } from './exit.ts';
import type { Io } from './io.ts';
import { addServerOptions, readServer, type ServerFlags } from './server-flags.ts';

export interface ClientFlags extends ServerFlags {
  readonly json?: boolean;
}

/** Adds a command that speaks to the API, with `--url`, `--aws` and `--json`. */
export function addClientCommand(program: Command, nameAndArguments: string): Command {
  return addServerOptions(program.command(nameAndArguments)).option(
    '--json',
    'print JSON, and nothing else, to stdout',
  );
}

/** Examples and the exit codes at the end of a command's help. */
export function addExamples(command: Command, examples: readonly (readonly [text: string, what: string])[]): void {
  const lines = examples.map(([text, what]) => `  # ${what}\n  ${text}\n`);
  command.addHelpText('after', `\nExamples:\n${lines.join('')}\n${EXIT_CODES_HELP}`);
}

/** Opens a client for the time of `use`. With `--json`, the problem document of a refusal goes to stderr as it came. */
export async function withClient(
  io: Io,
  flags: ClientFlags,
  options: Pick<ClientOptions, 'signal' | 'connections'>,
  use: (client: ApiClient) => Promise<void>,
): Promise<void> {
  const api = await findApi(io, flags);
  await useClient(io, flags, createClient({ ...options, ...api, now: io.now }), use);
}

/** As `withClient`, with a client that is there already; closes it. */
export async function useClient(
  io: Io,
  flags: ClientFlags,
  client: ApiClient,
  use: (client: ApiClient) => Promise<void>,
): Promise<void> {
  try {
    await use(client);
  } catch (error) {
    const refusal = error instanceof Error && error.cause instanceof ApiError ? error.cause : error;
    if (flags.json === true && refusal instanceof ApiError && refusal.problem !== null) {
      io.stderr.write(`${refusal.text.trim()}\n`);
    }
    throw error;
  } finally {
    await client.close();
  }
}

/**
 * Where the API is that the flags name, and how it lets requests in. On AWS it asks for the address.
 *
 * @throws ExitError (usage); AccessError; the reason of the signal
 */
export async function findApi(io: Io, flags: ServerFlags): Promise<{ readonly url: string; readonly access: Access }> {
  const server = readServer(flags, io.env);
  if (server.kind === 'url') return { url: server.url, access: keyAccess(server.key) };
  const { findDeployedApi } = await import('./aws/deployed-api.ts');
  return findDeployedApi(server.deployment, { now: io.now, signal: io.signal });
}

export function writeJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}

const LOCAL = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?))?$/;

/**
 * A time as people give it: RFC 3339, how long ago (`30m`, `2h`, `7d`), or a local time as tables print it
 * (`2026-11-22 10:00:00`, or the day alone).
 *
 * @returns RFC 3339 in UTC
 * @throws InvalidArgumentError
 */
export function parseTime(text: string, now: number): string {
  const ago = durationOf(text);
  if (ago !== undefined) return toIso(now - ago);
  const [, day = '', clock = '00:00'] = LOCAL.exec(text) ?? [];
  // Without an offset the text is read as local time. The UTC reading tells whether the day exists.
  if (day !== '' && parseInstant(`${day}T00:00:00Z`) !== undefined) return toIso(Date.parse(`${day}T${clock}`));
  const instant = parseInstant(text);
  if (instant !== undefined) return instant.text;
  throw new InvalidArgumentError(
    'Give a time as 2026-11-22T10:00:00Z, as local time 2026-11-22 10:00, or as how long ago: 30m, 2h, 7d.',
  );
}

/**
 * A length of time as people give it: `90s`, `30m`, `24h`, `7d`.
 *
 * @returns milliseconds
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  const ms = durationOf(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('Give a length of time as 90s, 30m, 24h or 7d.');
}

function toIso(ms: number): string {
  const date = new Date(ms);
  // An invalid date compares as false.
  if (!(date.getTime() >= 0)) throw new InvalidArgumentError('There is no such time since 1970.');
  return date.toISOString();
}

/** RFC 3339, kept as it was given: a message's own times are part of what it is. */
export function parseTimestamp(text: string): string {
  if (parseInstant(text) !== undefined) return text;
  throw new InvalidArgumentError('Give it as RFC 3339 with an offset, such as 2026-11-22T10:00:00Z.');
}

/** A whole number of at least `least`. */
export function parseWholeNumber(text: string, least: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new InvalidArgumentError(`Give a whole number of at least ${least}.`);
}

/** @throws InvalidArgumentError */
export function parseStatus(text: string): string {
  const status = STATUSES.find((known) => known === text.toUpperCase());
  if (status !== undefined) return status;
  throw new InvalidArgumentError(`It is one of ${STATUSES.join(', ')}.`);
}

/** @throws InvalidArgumentError */
function parseReason(text: string): string {
  const reason = REASONS.find((known) => known === text.toLowerCase());
  if (reason !== undefined) return reason;
  throw new InvalidArgumentError(`It is one of ${REASONS.join(', ')}.`);
}

export interface FilterFlags {
  readonly sender?: string;
  readonly target?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `--sender --target --reason --from --to`. */
export function addFilterOptions(command: Command, io: Io): Command {
  const time = (text: string) => parseTime(text, io.now());
  return command
    .option('--sender <S>', 'only of this sender')
    .option('--target <URL>', 'only to this URL; https://host/ stands for every URL of that host')
    .option('--reason <R>', `only dead letters with this reason (${REASONS.join(', ')})`, parseReason)
    .option('--from <T>', 'only accepted at or after this time (2026-11-22T10:00:00Z, or 30m, 2h, 7d ago)', time)
    .option('--to <T>', 'only accepted before this time', time);
}

/** The flags that were given, in the words of the API. */
export function readFilter(flags: FilterFlags): FilterInput {
  return { senderId: flags.sender, target: flags.target, reason: flags.reason, from: flags.from, to: flags.to };
}
