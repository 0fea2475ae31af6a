/** `millrace up` as a process of its own, as a user starts it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../../../scripts/millrace', import.meta.url));

export interface MillraceProcess {
  readonly url: string;
  readonly pid: number;
  /** The lines that it has written to standard output. */
  stdout(): readonly string[];
  /** All that it has written to standard error. */
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code, once it has ended; null after a signal that it did not catch. */
  readonly ended: Promise<number | null>;
  /** Sends the signal and waits for the end; returns the exit code, or null after a signal that cannot be caught. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** It was started, and may not listen yet. */
export interface LaunchedMillrace extends Omit<MillraceProcess, 'url'> {
  /** Rejects with its standard error when it ends before. */
  readonly listening: Promise<MillraceProcess>;
}

export interface MillraceOptions {
  /** The data folder. */
  readonly folder: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Settings beside those that let it deliver to this machine over plain http. */
  readonly env?: Readonly<Record<string, string>>;
  /** Beside `--data` and `--port`; default `--json`, without which nobody learns when it listens. */
  readonly flags?: readonly string[];
  /** A command that starts it, such as `unshare -m`; it must replace itself by what it starts. */
  readonly through?: readonly string[];
}

const LOCAL_TARGETS = { MILLRACE_ALLOW_HTTP: 'true', MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8' };

/** Starts it and waits until it listens. Rejects with its standard error when it ends before. */
export function startMillrace(options: MillraceOptions): Promise<MillraceProcess> {
  return launchMillrace(options).listening;
}

/** Starts it, and waits for nothing. */
export function launchMillrace(options: MillraceOptions): LaunchedMillrace {
  const { folder, port = 0, env = {}, flags = ['--json'], through = [] } = options;
  const [command = LAUNCHER, ...args] = [...through, LAUNCHER, 'up', '--data', folder, '--port', String(port)];
  const child = spawn(command, [...args, ...flags], {
    env: { ...cleanEnvironment(), ...LOCAL_TARGETS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (printed) => lines.push(printed));
  const ended = once(child, 'close').then(() => child.exitCode);

  const launched = {
    pid: child.pid ?? 0,
    stdout: () => lines,
    stderr: () => errors,
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    ended,
    end(signal: NodeJS.Signals) {
      child.kill(signal);
      return ended;
    },
  };
  const listening = Promise.race([
    once(output, 'line').then(([first]) => ({ ...launched, url: readUrl(String(first)) })),
    ended.then(() => {
      throw new Error(`millrace up ended with ${child.exitCode ?? child.signalCode}: ${errors}`);
    }),
  ]);
  // Who kills it before it listens does not ask.
  listening.catch(() => undefined);
  return { ...launched, listening };
}

/** A command that should have ended is killed after this. */
const RUN_LIMIT_MS = 60_000;

export interface EndedMillrace {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs any command of it to its end, with no settings but these. */
export async function runMillrace(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<EndedMillrace> {
  const child = spawn(LAUNCHER, args, {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const code = once(child, 'close').then(() => child.exitCode);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

/** Without what a developer has set: options of the test's own Node.js, settings of Millrace. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isForeign = ([name]: [string, unknown]) => name !== 'NODE_OPTIONS' && !name.startsWith('MILLRACE_');
  return Object.fromEntries(Object.entries(process.env).filter(isForeign));
}

function readUrl(line: string): string {
  const event = JSON.parse(line) as { event: string; url: string };
  return event.url;
}
