import { describe, expect, test } from '@jest/globals';
import type { AttemptBatch } from '@millrace/core';
import { anAttemptRecord } from '@millrace/core/testing';
import { createInvocationLog } from '../src/invocation-log.ts';
import { pass, useVirtualTime } from './support/virtual-time.ts';

useVirtualTime();

function setUp(write: (batch: AttemptBatch) => Promise<void>) {
  const drops: [count: number, reason: string][] = [];
  const log = createInvocationLog({
    eventLog: { write },
    clock: { now: () => Date.now() },
    randomBytes: (length) => new Uint8Array(length),
    onDrop: (count, reason) => drops.push([count, String(reason)]),
  });
  return { log, drops };
}

describe('the attempt log of a function', () => {
  test('writes one object an invocation, before the answer', async () => {
    const written: number[] = [];
    const { log, drops } = setUp((batch) => {
      written.push(batch.attempts.length);
      return Promise.resolve();
    });
    await log.flush(5_000);
    expect(written).toEqual([]);
    for (let count = 0; count < 3; count++) log.add(anAttemptRecord());
    await log.flush(5_000);
    log.add(anAttemptRecord());
    await log.flush(5_000);
    expect(written).toEqual([3, 1]);
    expect(drops).toEqual([]);
  });

  test('tries again while there is time', async () => {
    let tries = 0;
    const { log, drops } = setUp(() => {
      tries += 1;
      return tries < 3 ? Promise.reject(new Error('throttled')) : Promise.resolve();
    });
    log.add(anAttemptRecord());
    const flushed = log.flush(5_000);
    await pass(750);
    await flushed;
    expect({ tries, drops }).toEqual({ tries: 3, drops: [] });
  });

  test.each([
    ['hangs', () => new Promise<never>(() => undefined)],
    ['fails', () => Promise.reject(new Error('no bucket'))],
  ])(
    'gives up when its time is over and the store %s: nothing of it is left for the next invocation',
    async (_, write) => {
      const { log, drops } = setUp(write);
      log.add(anAttemptRecord());
      const flushed = log.flush(2_000);
      await pass(2_000);
      await flushed;
      expect(drops).toEqual([[1, expect.stringContaining('2000 ms')]]);
      await log.flush(2_000);
      expect(drops).toHaveLength(1);
    },
  );

  test('tries once when there is no time, and waits for nothing', async () => {
    const { log, drops } = setUp(() => Promise.reject(new Error('no bucket')));
    log.add(anAttemptRecord());
    const flushed = log.flush(0);
    await pass(1);
    await flushed;
    expect(drops).toHaveLength(1);
  });
});
