import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DataFolderError, NO_METRICS } from '@millrace/core';
import { createRecordingLines, START_TIME } from '@millrace/core/testing';
import { type LocalAttemptLogDeps, openLocalEventLog, startAttemptLog } from '../src/up/local-attempt-log.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

beforeEach(() => {
  jest.useFakeTimers({ now: START_TIME, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

function start(removeBefore: LocalAttemptLogDeps['eventLog']['removeBefore'], days = 30) {
  const { lines, said } = createRecordingLines();
  const eventLog = { write: () => Promise.resolve(), removeBefore };
  const clock = { now: () => Date.now() };
  return { said, log: startAttemptLog({ eventLog, days, clock, lines, metrics: NO_METRICS }) };
}

describe('the attempt log of one machine', () => {
  test('is removed after its days, once a minute, a slice after the other until none is left', async () => {
    const asked: [before: number, limit: number][] = [];
    const left = [100, 100, 7];
    const { said, log } = start((before, limit) => {
      asked.push([before, limit]);
      return Promise.resolve(left.shift() ?? 0);
    }, 2);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(asked).toEqual(Array.from({ length: 3 }, () => [START_TIME + MINUTE_MS - 2 * DAY_MS, 100]));
    expect(said).toEqual([{ event: 'retention.removed', objects: 207 }]);
    await log.stop(0);
    await jest.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(asked).toHaveLength(3);
  });

  test('leaves the disk to others after some slices, however much is old', async () => {
    let calls = 0;
    const { log } = start((_, limit) => {
      calls += 1;
      return Promise.resolve(limit);
    });
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(calls).toBe(5);
    await log.stop(0);
  });

  test('is not removed twice at once, and goes on after an error', async () => {
    let calls = 0;
    const first = Promise.withResolvers<number>();
    const { said, log } = start(() => {
      calls += 1;
      return calls === 1 ? first.promise : Promise.resolve(0);
    });
    await jest.advanceTimersByTimeAsync(3 * MINUTE_MS);
    expect(calls).toBe(1);
    first.reject(new Error('I/O error'));
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(calls).toBe(2);
    expect(said).toMatchObject([{ event: 'retention.held-up', error: { message: 'I/O error' } }]);
    await log.stop(0);
  });
});

describe('the folder of the attempt log', () => {
  test('is opened when it is needed, and again when it could not be', async () => {
    jest.useRealTimers();
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
    try {
      const log = openLocalEventLog(folder, { now: Date.now });
      await writeFile(path.join(folder, 'objects'), 'in the way');
      await expect(log.removeBefore(START_TIME, 1)).rejects.toThrow(DataFolderError);
      await rm(path.join(folder, 'objects'));
      expect(await log.removeBefore(START_TIME, 1)).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
