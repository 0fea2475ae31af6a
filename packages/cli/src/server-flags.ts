/** The flags that say which server a command speaks to. */

import type { Command } from 'commander';
import { EXIT, ExitError } from './exit.ts';
import type { Io } from './io.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
const DEFAULT_PROJECT = 'millrace';

export interface ServerFlags {
  readonly url?: string;
  readonly aws?: boolean;
  readonly env?: string;
  readonly project?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpoint?: string;
}

/** A system on AWS, by its name. What is undefined comes from the environment and the configuration of AWS. */
export interface Deployment {
  readonly env: string;
  readonly project: string;
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Of an emulator. */
  readonly endpoint: string | undefined;
}

export type Server =
  | { readonly kind: 'url'; readonly url: string; readonly key: string | undefined }
  | { readonly kind: 'aws'; readonly deployment: Deployment };

/** `--url`, and `--aws` with what belongs to it. */
export function addServerOptions(command: Command): Command {
  return command
    .option('--url <URL>', `address of the server; also MILLRACE_URL (default: ${DEFAULT_URL})`)
    .option('--aws', 'a system on AWS in place of a URL')
    .option('--env <E>', 'with --aws: which; also MILLRACE_ENV')
    .option('--project <P>', `with --aws: the project it belongs to (default: ${DEFAULT_PROJECT})`)
    .option('--region <R>', 'with --aws: default as for every tool of AWS')
    .option('--profile <P>', 'with --aws: default as for every tool of AWS')
    .option('--endpoint <URL>', 'with --aws: address of an emulator');
}

/** @throws ExitError (usage) */
export function readServer(flags: ServerFlags, env: Io['env']): Server {
  const { MILLRACE_URL, MILLRACE_KEY, MILLRACE_ENV } = env;
  const { url, project, region, profile, endpoint } = flags;
  if (flags.aws !== true) {
    const ofAws = Object.entries({ env: flags.env, project, region, profile, endpoint });
    const misplaced = ofAws.find(([, value]) => value !== undefined);
    if (misplaced !== undefined) throw wrongUsage(`--${misplaced[0]} needs --aws`);
    return { kind: 'url', url: url ?? (MILLRACE_URL || DEFAULT_URL), key: MILLRACE_KEY || undefined };
  }
  if (url !== undefined) throw wrongUsage('--url cannot be used with --aws, which finds the address by itself');
  const name = flags.env ?? (MILLRACE_ENV || undefined);
  if (name === undefined) throw wrongUsage('--aws needs --env, or MILLRACE_ENV: which system, such as dev');
  if (endpoint !== undefined && !isHttpUrl(endpoint)) {
    throw wrongUsage(`--endpoint must be an http or https URL, such as http://127.0.0.1:4566; got '${endpoint}'`);
  }
  const deployment = {
    env: readName('--env', name),
    project: readName('--project', project ?? DEFAULT_PROJECT),
    ...{ region, profile, endpoint },
  };
  return { kind: 'aws', deployment };
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}

/** A part of the name of a parameter. */
function readName(flag: string, text: string): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text;
  throw wrongUsage(`${flag} must be 1 to 64 letters, digits, '.', '_' or '-'; got '${text}'`);
}

function wrongUsage(message: string): ExitError {
  return new ExitError(EXIT.usage, message);
}
