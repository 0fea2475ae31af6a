import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RunReport } from '@millrace/checkpoint';
import type { EventLog } from '@millrace/core';
import { createRecordingLines, createRecordingMetrics, START_TIME } from '@millrace/core/testing';
import { startAttemptFolding } from '../src/up/attempt-folding.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

beforeEach(() => {
  jest.useFakeTimers({ now: START_TIME, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const REPORT: RunReport = {
  ...{ runId: 'run-1', dataset: 'deliveries', complete: true, fullListing: true },
  objects: { listed: 3, ignored: {}, read: 3, refused: 0, gone: 0, pending: 0, left: 0 },
  events: { folded: 7, invalid: 0, filtered: {} },
  groups: [{ path: 'deliveries/dt=2026-11-22/deliveries.parquet', added: 7, rows: 9, bytes: 1_000 }],
  ...{ totalEvents: 9, lastTimestamp: START_TIME * 1_000, failures: [], failuresLeftOut: 0, executionMs: 5 },
};
const NOTHING_NEW: RunReport = { ...REPORT, events: { ...REPORT.events, folded: 0 }, groups: [] };
const PENDING: RunReport = {
  ...{ ...REPORT, objects: { ...REPORT.objects, pending: 1 } },
  failures: [{ kind: 'transport', key: 'dt=2026-11-22/10/x.ndjson.gz', reasons: ['a canary'] }],
};

function start(outcomes: readonly (RunReport | Error | undefined | Promise<RunReport>)[]) {
  const { lines, said } = createRecordingLines();
  const removed: [before: number, limit: number][] = [];
  const eventLog: EventLog = {
    write: () => Promise.resolve(),
    removeBefore(time, limit) {
      removed.push([time, limit]);
      return Promise.resolve(1);
    },
  };
  const signals: AbortSignal[] = [];
  const metrics = createRecordingMetrics();
  const folding = startAttemptFolding({
    ...{ eventLog, everyMs: MINUTE_MS, lines, metrics },
    async fold(signal) {
      signals.push(signal);
      const outcome = outcomes[signals.length - 1];
      if (outcome instanceof Error) throw outcome;
      return await outcome;
    },
  });
  return { folding, said, removed, signals, metrics, runs: () => signals.length };
}

function batch(time: number) {
  const iso = new Date(time).toISOString();
  return { key: `attempts/dt=${iso.slice(0, 10)}/${iso.slice(11, 13)}/${time}-01.ndjson.gz`, attempts: [] };
}

describe('folding the attempt log', () => {
  test('goes on as long as there is something new, and says what it folded', async () => {
    const { folding, said, runs, metrics } = start([REPORT, NOTHING_NEW, REPORT]);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(runs()).toBe(1);
    expect(said).toEqual([
      {
        ...{ event: 'checkpoint.folded', runId: 'run-1', dataset: 'deliveries', complete: true, objects: 3, folded: 7 },
        ...{ files: 1, totalEvents: 9, invalid: 0, pending: 0, failures: 0, failed: [], durationMs: 5 },
      },
    ]);
    await jest.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect(runs()).toBe(1);
    await folding.eventLog.write(batch(Date.now()));
    await jest.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect(runs()).toBe(2);
    await folding.eventLog.write(batch(Date.now()));
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(runs()).toBe(3);
    expect(said).toHaveLength(2);
    expect(metrics.total('checkpointEvents', { dataset: 'deliveries', result: 'folded' })).toBe(14);
    await folding.stop();
  });

  test('tries again what failed, and says so without the reasons, which may quote what an object holds', async () => {
    const { folding, said, runs, metrics } = start([new Error('disk full'), PENDING, REPORT]);
    await jest.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect(runs()).toBe(3);
    expect(said).toMatchObject([
      { event: 'checkpoint.failed', error: { message: 'disk full' } },
      {
        ...{ event: 'checkpoint.failed', pending: 1, failures: 1 },
        failed: [{ kind: 'transport', key: 'dt=2026-11-22/10/x.ndjson.gz' }],
      },
      { event: 'checkpoint.folded' },
    ]);
    expect(JSON.stringify(said)).not.toContain('canary');
    const results = ['failed', 'partial', 'complete'];
    expect(results.map((result) => metrics.total('checkpointRuns', { result }))).toEqual([1, 1, 1]);
    await folding.stop();
  });

  test('is not done twice at once', async () => {
    const first = Promise.withResolvers<RunReport>();
    const { folding, runs } = start([first.promise, REPORT]);
    await jest.advanceTimersByTimeAsync(3 * MINUTE_MS);
    expect(runs()).toBe(1);
    await folding.eventLog.write(batch(Date.now()));
    first.resolve(REPORT);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(runs()).toBe(2);
    await folding.stop();
  });

  test('asks a run to end when the system stops, waits for it, and takes its end for no failure', async () => {
    const first = Promise.withResolvers<RunReport>();
    const { folding, said, signals, runs } = start([first.promise]);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    let isStopped = false;
    const stopped = folding.stop().then(() => {
      isStopped = true;
    });
    expect(signals[0]?.aborted).toBe(true);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(isStopped).toBe(false);
    first.reject(signals[0]?.reason);
    await stopped;
    await jest.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect({ runs: runs(), said }).toEqual({ runs: 1, said: [] });
  });
});

describe('retention of an attempt log that is folded', () => {
  test('waits until everything that was there at the start is folded', async () => {
    const { folding, removed } = start([PENDING, REPORT]);
    expect(await folding.eventLog.removeBefore(START_TIME, 100)).toBe(0);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(await folding.eventLog.removeBefore(START_TIME, 100)).toBe(0);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(await folding.eventLog.removeBefore(START_TIME, 100)).toBe(1);
    expect(removed).toEqual([[START_TIME, 100]]);
    await folding.stop();
  });

  test('spares the day of the oldest batch that is not folded, also while a run is at it', async () => {
    const second = Promise.withResolvers<RunReport>();
    const { folding, removed } = start([REPORT, second.promise]);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    await folding.eventLog.write(batch(START_TIME));
    await folding.eventLog.write(batch(START_TIME - 5 * DAY_MS));
    const day = Date.parse('2026-11-17T00:00:00Z');
    await folding.eventLog.removeBefore(START_TIME - DAY_MS, 100);
    await folding.eventLog.removeBefore(START_TIME - 6 * DAY_MS, 100);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    await folding.eventLog.removeBefore(START_TIME - DAY_MS, 100);
    second.resolve(REPORT);
    await jest.advanceTimersByTimeAsync(0);
    await folding.eventLog.removeBefore(START_TIME - DAY_MS, 100);
    expect(removed.map(([time]) => time)).toEqual([day, START_TIME - 6 * DAY_MS, day, START_TIME - DAY_MS]);
    await folding.stop();
  });
});
