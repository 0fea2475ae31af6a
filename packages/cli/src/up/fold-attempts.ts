/**
 * A run that folds the attempt log of a data folder into its checkpoint, in a process of its own: reading and sorting
 * must not hold deliveries up, and all memory that it takes goes with it.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '@millrace/checkpoint';
import { MillraceError } from '@millrace/core';

/**
 * @param signal a run that is stopped writes what it has read, or ends with the reason of the signal
 * @returns undefined when there is no attempt to fold
 */
export type FoldAttempts = (signal: AbortSignal) => Promise<RunReport | undefined>;

export type FromFoldProcess =
  | { readonly report: RunReport }
  | { readonly failure: { readonly code: string; readonly message: string } };

/** A run failed, in its process. */
class FoldError extends MillraceError {}

const PROGRAM = fileURLToPath(new URL('./fold-process.ts', import.meta.url));
/** Megabytes: a run that would need more ends, and not this process. */
const HEAP_MB = 512;
/** Milliseconds that a run has to end in good order; one that is cut off is brought to its end by the next. */
const STOP_LIMIT_MS = 5_000;

/** @param data the data folder */
export function createFoldAttempts(data: string): FoldAttempts {
  return async (signal) => {
    // Goes with its last object.
    if (!existsSync(path.join(data, 'objects', 'attempts'))) return undefined;
    signal.throwIfAborted();
    const child = fork(PROGRAM, [data], {
      execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const told = await listen(child, signal);
    if ('report' in told) return told.report;
    throw new FoldError(told.failure.code, told.failure.message);
  };
}

/** @throws FoldError when it ends without a word; the reason of the signal when it had to be cut off */
async function listen(child: ChildProcess, signal: AbortSignal): Promise<FromFoldProcess> {
  let limit: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (child.connected) child.disconnect();
    limit = setTimeout(() => void child.kill('SIGKILL'), STOP_LIMIT_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      let told: FromFoldProcess | undefined;
      child.on('message', (message) => {
        told = message as FromFoldProcess;
      });
      child.once('error', reject);
      // Only then is the folder free.
      child.once('exit', (code, killedBy) => {
        if (told !== undefined) return resolve(told);
        if (signal.aborted) return reject(signal.reason);
        return reject(new FoldError('fold-process', `the process that folds ended with ${code ?? killedBy}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(limit);
  }
}
