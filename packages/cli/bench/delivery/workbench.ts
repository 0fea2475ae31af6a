/**
 * What the benchmark starts and leaves behind: child processes and a temporary folder, both gone when it ends,
 * however it ends.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A child process, and what it has said. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The next line of standard output; rejects with the end of standard error when the child ends first. */
  nextLine(timeoutMs: number): Promise<string>;
  /** Resolves when the child has ended; after the limit it is killed. */
  end(signal: NodeJS.Signals, limitMs?: number): Promise<void>;
}

export interface Workbench {
  /** The temporary folder. */
  readonly root: string;
  /** A path in the temporary folder that nothing else has; nothing is made there. */
  path(name: string): string;
  start(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Child;
  /** Kills what runs, but for one process, and removes what is in the folder. */
  tidy(keep: number): void;
  /** Kills what runs and removes the folder. Synchronous, so that it can be the last thing a process does. */
  clear(): void;
}

/** Characters of standard error that an error message shows. */
const SHOWN_STDERR = 2_000;
const END_LIMIT_MS = 30_000;

/** @param parent where the temporary folder is made; the default is the system's */
export function createWorkbench(parent = tmpdir()): Workbench {
  const root = mkdtempSync(join(parent, 'millrace-bench-'));
  const running = new Set<ChildProcess>();
  let folders = 0;
  const killAll = (keep?: number) => {
    for (const child of running) {
      if (child.pid !== keep) child.kill('SIGKILL');
    }
  };
  return {
    root,
    path(name) {
      folders += 1;
      return join(root, `${folders}-${name}`);
    },
    start(command, args, env = process.env) {
      const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
      running.add(child);
      child.once('exit', () => running.delete(child));
      return watch(child, command);
    },
    tidy(keep) {
      killAll(keep);
      for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true, force: true });
    },
    clear() {
      killAll();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function watch(child: ChildProcess, command: string): Child {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error(`${command}: no pipes`);
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-SHOWN_STDERR);
  });
  const lines: string[] = [];
  let wake = () => {};
  createInterface({ input: stdout }).on('line', (line) => {
    lines.push(line);
    wake();
  });
  let ended: string | undefined;
  const hasEnded = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      ended = error.message;
      resolve();
    });
    child.once('close', (code, signal) => {
      ended = `ended with ${code ?? signal}`;
      resolve();
    });
  });
  void hasEnded.then(() => wake());
  return {
    process: child,
    pid: child.pid ?? 0,
    async nextLine(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      while (lines.length === 0) {
        if (ended !== undefined) throw new Error(`${command} ${ended}: ${errors}`);
        if (Date.now() >= deadline) throw new Error(`${command} said nothing within ${timeoutMs} ms: ${errors}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, deadline - Date.now());
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return lines.shift() ?? '';
    },
    async end(signal, limitMs = END_LIMIT_MS) {
      if (ended !== undefined) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
      await hasEnded;
      clearTimeout(timer);
    },
  };
}
