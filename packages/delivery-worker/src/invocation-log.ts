/** The attempt log of a function: what is not written when the answer is given waits until it is thawed, if it ever is. */

import { setTimeout as sleepFor } from 'node:timers/promises';
import { type AttemptRecord, MillraceError } from '@millrace/core';
import { toBatch, tryToWrite, type WriteAttemptsDeps } from './write-attempts.ts';

export interface InvocationLog {
  add(record: AttemptRecord): void;
  /** Writes what was added since the last call as one object, at most for `limitMs`; else it is dropped. Never throws. */
  flush(limitMs: number): Promise<void>;
}

export function createInvocationLog(deps: WriteAttemptsDeps): InvocationLog {
  let added: AttemptRecord[] = [];
  return {
    add: (record) => void added.push(record),

    async flush(limitMs) {
      if (added.length === 0) return;
      const batch = toBatch(added, deps);
      added = [];
      const limit = Promise.withResolvers<{ readonly reason: unknown }>();
      let isOver = limitMs <= 0;
      const timer = setTimeout(() => {
        isOver = true;
        limit.resolve({ reason: new MillraceError('attempt-log-late', `not written within ${limitMs} ms`) });
      }, limitMs);
      const wait = async (ms: number): Promise<boolean> => {
        await Promise.race([sleepFor(ms, undefined, { ref: false }), limit.promise]);
        return !isOver;
      };
      const failure = await Promise.race([tryToWrite(deps.eventLog, batch, wait), limit.promise]);
      clearTimeout(timer);
      if (failure !== undefined) deps.onDrop(batch.attempts.length, failure.reason);
    },
  };
}
