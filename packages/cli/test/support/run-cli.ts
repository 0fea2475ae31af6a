import { setImmediate } from 'node:timers/promises';
import type { Effects } from '../../src/effects.ts';
import type { Io } from '../../src/io.ts';
import { run } from '../../src/run.ts';
import { LINGER_MS } from '../../src/send/send-lines.ts';

const START = Date.UTC(2026, 10, 22, 10);

export interface CliOptions {
  readonly env?: Record<string, string>;
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  readonly signal?: AbortSignal;
  /** Both outputs are a terminal of that many columns. */
  readonly columns?: number;
  readonly random?: () => number;
  /** Called at the end with what was written to standard output: for files that are sent through it. */
  readonly onBytes?: (stdout: Buffer) => void;
  /** Called when the program begins to wait, except for more input. */
  readonly onSleep?: (ms: number) => void;
  /** The input is taken to pause whenever nothing is there at once. */
  readonly inputPauses?: boolean;
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds of every wait, except for more input. */
  readonly sleeps: readonly number[];
}

/** Runs a command in this process. Its clock moves only when it waits, and it waits for nothing. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const out: Buffer[] = [];
  const err: string[] = [];
  const sleeps: number[] = [];
  let now = START;
  const terminal = options.columns === undefined ? {} : { isTTY: true, columns: options.columns };
  const io: Io = {
    stdout: { write: (chunk) => out.push(Buffer.from(chunk as Uint8Array)), ...terminal },
    stderr: { write: (text) => err.push(text), ...terminal },
    stdin: options.stdin ?? linesOf(),
    env: options.env ?? {},
    now: () => now,
    signal: options.signal ?? new AbortController().signal,
  };
  const effects: Effects = {
    async sleep(ms, signal) {
      if (ms === LINGER_MS) return options.inputPauses === true ? setImmediate() : aborted(signal);
      sleeps.push(ms);
      options.onSleep?.(ms);
      now += ms;
      await setImmediate();
    },
    random: options.random ?? (() => 0),
    newId: () => 'new-id',
  };
  const code = await run(argv, io, effects);
  options.onBytes?.(Buffer.concat(out));
  return { code, stdout: Buffer.concat(out).toString(), stderr: err.join(''), sleeps };
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A standard input that holds these values, one a line. Strings are written as they are. */
export async function* linesOf(...lines: readonly unknown[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) {
    yield Buffer.from(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    await setImmediate();
  }
}
