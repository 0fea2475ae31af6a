/** The attempt log of one machine: objects in the data folder, written behind deliveries and removed after their days. */

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import {
  type Clock,
  createObjectEventLog,
  type EventLog,
  type LogLines,
  type Metrics,
  type ObjectStore,
} from '@millrace/core';
import { openFileObjectStore } from '@millrace/core/sqlite';
import { type AttemptLog, createAttemptLog, reportDrop } from '@millrace/delivery-worker';
import { startRetention } from './retention.ts';

export interface LocalAttemptLogDeps {
  readonly eventLog: EventLog;
  readonly days: number;
  readonly clock: Clock;
  readonly lines: LogLines;
  readonly metrics: Metrics;
}

const DAY_MS = 86_400_000;
/** Objects that are removed one after the other before others may have the disk. */
const REMOVE_SLICE = 100;
/** Slices of one round: more a day than a busy day writes. */
const SLICES = 5;

/** The log in a data folder. The folder of its objects is opened at the first call, and again when it could not be. */
export function openLocalEventLog(data: string, clock: Clock): EventLog {
  const folder = path.join(data, 'objects');
  let opening: Promise<ObjectStore> | undefined;
  const objects = (): Promise<ObjectStore> => {
    opening ??= openFileObjectStore({ folder, clock }).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return createObjectEventLog({
    put: async (...call) => (await objects()).put(...call),
    list: async (...call) => (await objects()).list(...call),
    delete: async (...call) => (await objects()).delete(...call),
  });
}

export function startAttemptLog({ eventLog, days, clock, lines, metrics }: LocalAttemptLogDeps): AttemptLog {
  const log = createAttemptLog({ eventLog, clock, randomBytes, onDrop: reportDrop(lines, metrics) });

  async function removeOld(): Promise<{ readonly objects: number }> {
    const before = clock.now() - days * DAY_MS;
    let objects = 0;
    for (let slice = 0; slice < SLICES; slice++) {
      const removed = await eventLog.removeBefore(before, REMOVE_SLICE);
      objects += removed;
      if (removed < REMOVE_SLICE) break;
    }
    return { objects };
  }

  const retention = startRetention(removeOld, lines);

  return {
    add: log.add,
    async stop(limitMs) {
      retention.stop();
      await log.stop(limitMs);
    },
  };
}
