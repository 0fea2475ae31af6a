import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ChildLine } from './sqlite-child.ts';

const CHILD = fileURLToPath(new URL('./sqlite-child.ts', import.meta.url));

export interface OwnerProcess {
  /** What it tells, line by line; ends when the process does. */
  readonly lines: AsyncIterableIterator<ChildLine>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts a process that opens a data folder; see sqlite-child.ts. */
export function startOwner(mode: 'hold' | 'work', folder: string): OwnerProcess {
  const child = spawn(process.execPath, [CHILD, mode, folder], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  const ended = once(child, 'exit');
  return {
    lines: readLines(child),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function* readLines(child: ChildProcess): AsyncIterableIterator<ChildLine> {
  if (child.stdout === null) return;
  for await (const line of createInterface({ input: child.stdout })) {
    // A kill can cut the last line short.
    if (line.endsWith('}')) yield JSON.parse(line) as ChildLine;
  }
}

/** The first line: open or refused. */
export async function firstLine(owner: OwnerProcess): Promise<ChildLine> {
  const { value, done } = await owner.lines.next();
  if (done === true) throw new Error('the process ended without a word');
  return value;
}
