/**
 * Folds the attempt log into the checkpoint again and again, and keeps retention from removing what is not folded yet.
 */

import { countFailedRun, countRun } from '@millrace/checkpoint';
import {
  ATTEMPTS_PREFIX,
  attemptDayPrefix,
  checkpointFields,
  type EventLog,
  errorFields,
  type LogLines,
  type Metrics,
} from '@millrace/core';
import type { FoldAttempts } from './fold-attempts.ts';

export interface AttemptFoldingDeps {
  readonly eventLog: EventLog;
  readonly fold: FoldAttempts;
  readonly everyMs: number;
  readonly lines: LogLines;
  readonly metrics: Metrics;
}

export interface AttemptFolding {
  /** The log to write to and to remove from: of it nothing is removed that is not folded. */
  readonly eventLog: EventLog;
  /** Stops a run that is under way, in good order; what it leaves is folded by the next start. */
  stop(): Promise<void>;
}

export function startAttemptFolding({ eventLog, fold, everyMs, lines, metrics }: AttemptFoldingDeps): AttemptFolding {
  const stopping = new AbortController();
  /** The key of the oldest batch that was written and not folded since, as far as this process knows. */
  let oldest: string | undefined;
  /** What of it a run is at. */
  let inRun: string | undefined;
  /** Has a run folded everything there was, also of earlier processes? */
  let isCaughtUp = false;
  let running: Promise<void> | undefined;

  /** Whether everything is folded that was there when it began. */
  async function foldOnce(): Promise<boolean> {
    try {
      const report = await fold(stopping.signal);
      if (report === undefined) return true;
      const { complete, objects, events, failures } = report;
      const isAll = complete && objects.pending === 0;
      countRun(metrics, report);
      if (isAll && failures.length === 0) {
        if (events.folded > 0) lines.say('checkpoint.folded', checkpointFields(report));
      } else if (!stopping.signal.aborted) {
        lines.say('checkpoint.failed', checkpointFields(report));
      }
      return isAll;
    } catch (error) {
      if (stopping.signal.aborted && error === stopping.signal.reason) return false;
      countFailedRun(metrics, 'deliveries');
      lines.say('checkpoint.failed', errorFields(error));
      return false;
    }
  }

  async function round(): Promise<void> {
    [inRun, oldest] = [oldest, undefined];
    if (await foldOnce()) isCaughtUp = true;
    else oldest = earlier(inRun, oldest);
    inRun = undefined;
  }

  const timer = setInterval(() => {
    const isIdle = isCaughtUp && oldest === undefined;
    if (running !== undefined || isIdle) return;
    running = round().finally(() => {
      running = undefined;
    });
  }, everyMs).unref();

  return {
    eventLog: {
      async write(batch) {
        try {
          await eventLog.write(batch);
        } finally {
          // Also after an error: it may be there.
          oldest = earlier(oldest, batch.key);
        }
      },

      async removeBefore(time, limit) {
        if (!isCaughtUp) return 0;
        const kept = earlier(inRun, oldest);
        const isKept = kept !== undefined && kept < attemptDayPrefix(time);
        return await eventLog.removeBefore(isKept ? dayOf(kept) : time, limit);
      },
    },

    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}

function earlier(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

const DAY_START = `${ATTEMPTS_PREFIX}dt=`.length;

/** Epoch milliseconds of the beginning of a key's day. */
function dayOf(key: string): number {
  return Date.parse(key.slice(DAY_START, DAY_START + 'YYYY-MM-DD'.length));
}
