/**
 * A run that folds the attempt log of a data folder into its checkpoint, in a thread of its own: reading and sorting
 * must not hold deliveries up, and the memory that it takes goes with it.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RunReport } from '@millrace/checkpoint';
import { MillraceError } from '@millrace/core';

/**
 * @param signal a run that is stopped writes what it has read, or ends with the reason of the signal
 * @returns undefined when there is no attempt to fold
 */
export type FoldAttempts = (signal: AbortSignal) => Promise<RunReport | undefined>;

export interface ThreadData {
  /** The data folder. */
  readonly data: string;
}

export type FromFoldThread =
  | { readonly report: RunReport }
  | { readonly stopped: true }
  | { readonly failure: { readonly code: string; readonly message: string } };

/** A run failed, in its thread. */
class FoldError extends MillraceError {}

/** Megabytes: a run that would need more ends, and not the process. */
const HEAP_MB = 512;
const YOUNG_GENERATION_MB = 16;
/** Milliseconds that a run has to end in good order; one that is cut off is brought to its end by the next. */
const STOP_LIMIT_MS = 5_000;

export function createFoldAttempts(data: string): FoldAttempts {
  return async (signal) => {
    // Goes with its last object.
    if (!existsSync(path.join(data, 'objects', 'attempts'))) return undefined;
    signal.throwIfAborted();
    const told = await runThread({ data }, signal);
    if ('report' in told) return told.report;
    if ('stopped' in told) throw signal.reason;
    throw new FoldError(told.failure.code, told.failure.message);
  };
}

/** @throws what ends the thread; the reason of the signal when it had to be cut off */
async function runThread(workerData: ThreadData, signal: AbortSignal): Promise<FromFoldThread> {
  const worker = new Worker(new URL('./fold-thread.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  let limit: NodeJS.Timeout | undefined;
  const stop = (): void => {
    worker.postMessage('stop');
    limit = setTimeout(() => void worker.terminate(), STOP_LIMIT_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      let told: FromFoldThread | undefined;
      worker.on('message', (message: FromFoldThread) => {
        told = message;
      });
      worker.once('error', reject);
      // Only then is its memory given back, and the folder free.
      worker.once('exit', (code) => {
        if (told !== undefined) return resolve(told);
        return reject(signal.aborted ? signal.reason : new FoldError('fold-thread', `the thread ended with ${code}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(limit);
  }
}
