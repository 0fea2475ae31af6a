/** One run that folds the attempt log of a data folder into its checkpoint. */

import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunReport } from '@millrace/checkpoint';
import { ATTEMPTS_PREFIX, type Clock } from '@millrace/core';
import { type FileObjectStore, openPlainObjectStore } from '@millrace/core/sqlite';

export interface FoldAttemptsDeps {
  /** The data folder. */
  readonly data: string;
  /** The folder in which the attempt log is. */
  readonly objects: () => Promise<FileObjectStore>;
  readonly clock: Clock;
}

/** @returns undefined when there is no attempt to fold */
export type FoldAttempts = (signal: AbortSignal) => Promise<RunReport | undefined>;

const FOLDER = 'checkpoints';
/** Another run on the folder is waited for by the next round. */
const NO_PATIENCE_MS = 0;
/** Deliveries go on meanwhile, on the same threads. */
const OBJECTS_AT_ONCE = 8;

/**
 * A run that is stopped writes what it has read, or throws the reason of its signal while it lists. The engine is loaded
 * when there is something to fold for the first time.
 */
export function createFoldAttempts({ data, objects, clock }: FoldAttemptsDeps): FoldAttempts {
  return async (signal) => {
    const store = await objects();
    const { objects: first } = await store.list({ prefix: ATTEMPTS_PREFIX, limit: 1 });
    if (first.length === 0) return undefined;
    const { checkpointStatus, createDataset, objectsBelow, runCheckpoint } = await import('@millrace/checkpoint');
    const log = objectsBelow(store, ATTEMPTS_PREFIX);
    const target = await openPlainObjectStore({ folder: path.join(data, FOLDER), clock });
    const dataset = createDataset('deliveries');
    /** A clock that was set back names new batches like old ones. */
    const isClockBack = async (): Promise<boolean> => {
      // Of a state that is not there or cannot be read, the run says so.
      const status = await checkpointStatus({ dataset, target, clock }).catch(() => undefined);
      return (status?.lastTimestamp ?? 0) / 1_000 > clock.now();
    };
    try {
      return await runCheckpoint(
        {
          dataset,
          source: {
            get: log.get,
            list(query) {
              signal.throwIfAborted();
              return log.list(query);
            },
          },
          ...{ target, clock, newRunId: randomUUID, wait: sleep, concurrency: OBJECTS_AT_ONCE },
        },
        {
          patienceMs: NO_PATIENCE_MS,
          remainingMs: () => (signal.aborted ? 0 : Number.POSITIVE_INFINITY),
          // Batches are written within minutes of the time in their names: what is recent is all that can be new.
          listing: { fullEveryMs: Number.POSITIVE_INFINITY, full: await isClockBack() },
        },
      );
    } finally {
      target.close();
    }
  };
}
