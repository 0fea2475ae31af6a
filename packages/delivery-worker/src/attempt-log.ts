/**
 * The attempt log of a process that goes on and on. Delivery never waits for it: attempts are gathered in memory,
 * within bounds, and written a batch after the other.
 */

import { type AttemptBatch, type AttemptRecord, MillraceError } from '@millrace/core';
import { toBatch, tryToWrite, type WriteAttemptsDeps } from './write-attempts.ts';

export interface AttemptLog {
  /** Takes an attempt, and comes back at once. */
  add(record: AttemptRecord): void;
  /** Writes what there is, at most for `limitMs`; what is left then is dropped. Nothing may be added afterwards. */
  stop(limitMs: number): Promise<void>;
}

/** A batch is closed at this age, or with so many attempts in it. */
const BATCH_MS = 1_000;
const BATCH_SIZE = 1_000;
/** Attempts that wait to be written, some 6 MB; those that come beyond are dropped. */
const MAX_WAITING = 10_000;

class AttemptLogFullError extends MillraceError {
  constructor() {
    super('attempt-log-full', `${MAX_WAITING} attempts wait to be written already`);
  }
}

export function createAttemptLog(deps: WriteAttemptsDeps): AttemptLog {
  const { eventLog, onDrop } = deps;
  let open: AttemptRecord[] = [];
  const closed: AttemptBatch[] = [];
  /** Attempts that are in memory, those that are being written among them. */
  let waiting = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  /**
   * One write at a time, and the next only when that has ended: a store that hangs holds one batch, and what comes
   * meanwhile waits or is dropped.
   */
  let writing: Promise<void> | undefined;
  const stopping = Promise.withResolvers<void>();
  let isStopping = false;
  let isOver = false;

  function closeBatch(): void {
    if (open.length === 0) return;
    closed.push(toBatch(open, deps));
    open = [];
    writing ??= writeAll();
  }

  async function writeAll(): Promise<void> {
    for (let batch = closed.shift(); batch !== undefined; batch = closed.shift()) {
      const failure = await tryToWrite(eventLog, batch, wait);
      waiting -= batch.attempts.length;
      if (failure !== undefined && !isOver) onDrop(batch.attempts.length, failure.reason);
    }
    writing = undefined;
  }

  /** A shutdown does not wait between tries: it makes one more. */
  async function wait(ms: number): Promise<boolean> {
    if (isStopping) return false;
    await Promise.race([sleep(ms), stopping.promise]);
    return true;
  }

  function tick(): void {
    timer = undefined;
    closeBatch();
    if (dropped > 0) onDrop(dropped, new AttemptLogFullError());
    dropped = 0;
  }

  return {
    add(record) {
      timer ??= setTimeout(tick, BATCH_MS).unref();
      if (waiting >= MAX_WAITING) {
        dropped += 1;
        return;
      }
      waiting += 1;
      open.push(record);
      if (open.length >= BATCH_SIZE) closeBatch();
    },

    async stop(limitMs) {
      clearTimeout(timer);
      isStopping = true;
      stopping.resolve();
      tick();
      const limit = Promise.withResolvers<void>();
      const limitTimer = setTimeout(limit.resolve, limitMs);
      await Promise.race([writing, limit.promise]);
      clearTimeout(limitTimer);
      isOver = true;
      if (waiting > 0) onDrop(waiting, new MillraceError('attempt-log-stopped', 'the process had to end before'));
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
