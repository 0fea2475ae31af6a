/** `millrace up` as a process of its own, as a user starts it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../../../scripts/millrace', import.meta.url));

export interface MillraceProcess {
  readonly url: string;
  readonly pid: number;
  /** All that it has written to standard error. */
  stderr(): string;
  /** Sends the signal and waits for the end; returns the exit code, or null after a signal that cannot be caught. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface MillraceOptions {
  /** The data folder. */
  readonly folder: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Settings beside those that let it deliver to this machine over plain http. */
  readonly env?: Readonly<Record<string, string>>;
}

const LOCAL_TARGETS = { MILLRACE_ALLOW_HTTP: 'true', MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8' };

/** Starts it and waits until it listens. Rejects with its standard error when it ends before. */
export async function startMillrace({ folder, port = 0, env = {} }: MillraceOptions): Promise<MillraceProcess> {
  const child = spawn(LAUNCHER, ['up', '--data', folder, '--port', String(port), '--json'], {
    env: { ...process.env, ...LOCAL_TARGETS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const url = await Promise.race([firstUrl(child), failure(child, () => errors)]);
  return {
    url,
    pid: child.pid ?? 0,
    stderr: () => errors,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function firstUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no standard output');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const event = JSON.parse(line) as { event: string; url: string };
  return event.url;
}

async function failure(child: ChildProcess, errors: () => string): Promise<never> {
  await once(child, 'close');
  throw new Error(`millrace up ended with ${child.exitCode ?? child.signalCode}: ${errors()}`);
}
