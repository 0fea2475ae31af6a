/** The process of one run that folds the attempt log of a data folder; tells what came of it, and ends. */

import { randomUUID } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkpointStatus, createDataset, type RunReport, runCheckpoint } from '@millrace/checkpoint';
import { MillraceError, systemClock } from '@millrace/core';
import { openPlainObjectStore } from '@millrace/core/sqlite';
import { openSourceFolder } from '../checkpoint/folder-stores.ts';
import type { FromFoldProcess } from './fold-attempts.ts';

const FOLDER = 'checkpoints';
/** Another run on the folder is waited for by the next round. */
const NO_PATIENCE_MS = 0;
const OBJECTS_AT_ONCE = 8;
/** Of gzip, some 80,000 attempts: what is in memory at once. */
const BATCH_BYTES = 4 * 1_024 * 1_024;

const stopping = new AbortController();
// The process that started it decides when it ends: by letting go of it, or by its own end.
process.once('disconnect', () => stopping.abort());
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined);
yieldToDeliveries();
try {
  tell({ report: await fold(process.argv[2] ?? '', stopping.signal) });
} catch (error) {
  // One that was stopped has nobody any more to tell.
  tell({ failure: describe(error) });
}

function tell(message: FromFoldProcess): void {
  if (process.connected) process.send?.(message, () => process.disconnect());
}

function yieldToDeliveries(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Then it has its share as they have.
  }
}

async function fold(data: string, signal: AbortSignal): Promise<RunReport> {
  const clock = systemClock;
  const dataset = createDataset('deliveries');
  const log = await openSourceFolder(data);
  const target = await openPlainObjectStore({ folder: path.join(data, FOLDER), clock });
  try {
    // Of a state that is not there or cannot be read, the run says so.
    const status = await checkpointStatus({ dataset, target, clock }).catch(() => undefined);
    // A clock that was set back names new batches like old ones.
    const isClockBack = (status?.lastTimestamp ?? 0) / 1_000 > clock.now();
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
        limits: { bytes: BATCH_BYTES },
        // Batches are written within minutes of the time in their names: what is recent is all that can be new.
        listing: { fullEveryMs: Number.POSITIVE_INFINITY, full: isClockBack },
      },
    );
  } finally {
    target.close();
  }
}

/** Errors of the language may quote what an object holds: of them only the name. */
function describe(error: unknown): { readonly code: string; readonly message: string } {
  const { name = 'Error', code, message = '' } = error as { name?: string; code?: unknown; message?: string };
  if (error instanceof MillraceError) return { code: error.code, message };
  return typeof code === 'string' ? { code, message } : { code: 'fold-process', message: name };
}
