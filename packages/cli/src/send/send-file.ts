/** `millrace send --file`: from a name to an exit code. */

import { open } from 'node:fs/promises';
import type { ApiClient } from '../client.ts';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { explain, type SendLinesResult, sendLines } from './send-lines.ts';
import { createSendReport, storedOf, type Tally } from './send-report.ts';

const READ_BYTES = 256 * 1_024;

export interface SendFileOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly json: boolean;
  readonly retryForMs: number;
}

/** @throws ExitError when not every line was stored */
export async function sendFile(io: Io, effects: Effects, client: ApiClient, options: SendFileOptions): Promise<void> {
  const input = await openInput(io, options.file);
  try {
    const report = createSendReport(io, { json: options.json, totalBytes: input.totalBytes });
    const { retryForMs } = options;
    const result = await sendLines(input.chunks, {
      client,
      effects,
      now: io.now,
      signal: io.signal,
      retryForMs,
      report,
    });
    report.end(result.complete);
    endWith(result, report.tally, io.signal);
  } finally {
    await input.close();
  }
}

function endWith(result: SendLinesResult, tally: Tally, signal: AbortSignal): void {
  const isRepeatable = 'run it again: what is stored already counts as a duplicate';
  const isLeft = !result.complete || tally.notStored > 0;
  if (signal.aborted && isLeft) {
    throw new ExitError(EXIT.interrupted, `interrupted after line ${result.lastLine}; ${isRepeatable}`);
  }
  const exitCode = storedOf(tally) > 0 ? EXIT.partial : EXIT.failed;
  if (result.failure !== undefined) {
    const why = `stopped after line ${result.lastLine}: ${explain(result.failure)}`;
    throw new ExitError(exitCode, `${why}; ${isRepeatable}`, { cause: result.failure });
  }
  if (storedOf(tally) < tally.lines) throw new ExitError(exitCode);
}

interface Input {
  readonly chunks: AsyncIterable<Uint8Array | string>;
  /** Undefined when it is not a file. */
  readonly totalBytes: number | undefined;
  close(): Promise<void>;
}

async function openInput(io: Io, file: string): Promise<Input> {
  if (file === '-') return { chunks: io.stdin, totalBytes: undefined, close: () => Promise.resolve() };
  try {
    const handle = await open(file);
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      await handle.close();
      throw new Error(`${file} is a folder`);
    }
    const stream = handle.createReadStream({ highWaterMark: READ_BYTES });
    return {
      chunks: stream,
      totalBytes: stats.isFile() ? stats.size : undefined,
      close: () => handle.close().catch(() => undefined),
    };
  } catch (error) {
    throw new ExitError(EXIT.usage, `cannot read --file: ${explain(error)}`, { cause: error });
  }
}
