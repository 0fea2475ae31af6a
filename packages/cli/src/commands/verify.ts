import { TOLERANCE_SECONDS } from '@millrace/core';
import type { Command } from 'commander';
import { EXIT, ExitError } from '../exit.ts';
import { collectHeader, type HeaderFlags } from '../header-option.ts';
import type { Io } from '../io.ts';
import { addExamples, parseDuration, writeJson } from '../options.ts';
import { readDataBytes } from '../send/read-data.ts';
import { cleanText } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { type CapturedRequest, parseCapture, toHeaders } from '../verify/captured-request.ts';
import { findProblems, type VerifyProblem } from '../verify/explain-faults.ts';
import { readSecrets } from '../verify/read-secrets.ts';

interface Flags {
  readonly request?: string;
  readonly header?: HeaderFlags;
  readonly data?: string;
  readonly secretFile?: string;
  /** Milliseconds. */
  readonly tolerance?: number;
  readonly json?: boolean;
}

/** Of the largest body that Millrace delivers, with its headers. */
const MAX_REQUEST_BYTES = 128 * 1_024 * 1_024;

/** Adds the command `verify`. */
export function registerVerify(program: Command, io: Io): void {
  const command = program
    .command('verify')
    .summary('check the signature of a captured request')
    .description(
      'Checks a request that a receiver got, as the receiver should, and says what is wrong. Asks no server. ' +
        'The secret comes from MILLRACE_SECRET or a file; several are tried.',
    )
    .option('--request <FILE|->', 'the captured request: request line, headers, an empty line, body')
    .option("--header <'K: V'>", 'in place of --request: a header of the request; may be repeated', collectHeader)
    .option('--data <TEXT|@FILE|->', 'in place of --request: its body, byte for byte')
    .option('--secret-file <FILE|->', 'a file with the secret (default: MILLRACE_SECRET)')
    .option('--tolerance <D>', 'how old it may be: 90s, 30m, 24h, 7d (default: 5m)', parseDuration)
    .option('--json', 'print JSON, and nothing else, to stdout')
    .action((flags: Flags) => verify(io, flags));
  addExamples(command, [
    ['MILLRACE_SECRET=whsec_… millrace verify --request captured.http --tolerance 7d', 'a request of last week'],
    [
      "millrace verify --secret-file secret.txt --header 'webhook-id: msg_…' --header 'webhook-timestamp: 1795341600' " +
        "--header 'webhook-signature: v1,…' --data @body.json",
      'one whose headers a log has',
    ],
  ]);
}

async function verify(io: Io, flags: Flags): Promise<void> {
  const stdin = [flags.request, flags.data, flags.secretFile].filter((source) => source === '-');
  if (stdin.length > 1) throw new ExitError(EXIT.usage, 'standard input can be read once only');
  const secrets = await readSecrets(io, flags.secretFile);
  const request = await readRequest(io, flags);
  const toleranceSeconds = (flags.tolerance ?? TOLERANCE_SECONDS * 1_000) / 1_000;
  const problems = findProblems(request, { secrets, now: io.now(), toleranceSeconds });
  const webhookId = request.headers['webhook-id'] ?? null;
  if (flags.json === true) writeJson(io, { valid: problems.length === 0, webhookId, problems });
  else io.stdout.write(render(io, webhookId, problems));
  // Everything has been said.
  if (problems.length > 0) throw new ExitError(EXIT.failed);
}

/** @throws ExitError (usage) */
async function readRequest(io: Io, { request, header, data }: Flags): Promise<CapturedRequest> {
  if (request === undefined) {
    if (header === undefined) throw new ExitError(EXIT.usage, 'verify needs --request, or --header and --data');
    return { headers: toHeaders(header), body: await readDataBytes(io, data ?? '', MAX_REQUEST_BYTES) };
  }
  if (header !== undefined || data !== undefined) {
    throw new ExitError(EXIT.usage, '--request cannot be used with --header or --data: it holds both');
  }
  return parseCapture(await readDataBytes(io, request === '-' ? '-' : `@${request}`, MAX_REQUEST_BYTES));
}

function render(io: Io, webhookId: string | null, problems: readonly VerifyProblem[]): string {
  const style = styleFor(io.stdout, io.env);
  const name = webhookId === null ? '' : `  ${cleanText(webhookId)}`;
  if (problems.length === 0) return `${style('green', 'valid')}${name}\n`;
  const width = Math.max(...problems.map(({ check }) => check.length));
  const lines = problems.map(
    ({ check, problem }) => `  ${style('bold', check.padEnd(width))}  ${cleanText(problem)}\n`,
  );
  return `${style('red', 'not valid')}${name}\n${lines.join('')}`;
}
