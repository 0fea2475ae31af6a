import { describe, expect, jest, test } from '@jest/globals';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import { createDeliveryLimits } from '../src/delivery-limits.ts';
import { startDeliveryLoop } from '../src/delivery-loop.ts';
import { entriesNamed } from './support/entries.ts';
import { HOUR_MS, startLoop } from './support/loop-harness.ts';
import { createManualDeliveries, createManualQueue } from './support/manual-queue.ts';
import { pass, useVirtualTime } from './support/virtual-time.ts';

useVirtualTime();

describe('stopping', () => {
  const LIMIT_MS = 10_000;

  /** Whether the promise has resolved by now, and to what. */
  function watch(promise: Promise<number>): { unfinished?: number } {
    const seen: { unfinished?: number } = {};
    void promise.then((unfinished) => {
      seen.unfinished = unfinished;
    });
    return seen;
  }

  test('is done at once when nothing is under way, and nothing happens afterwards', async () => {
    const { queue, loop, answer } = await startLoop();
    await answer([], START_TIME + 1_000);
    expect(await loop.stop(LIMIT_MS)).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
    queue.announce();
    await pass(HOUR_MS);
    expect(queue.takes).toHaveLength(1);
  });

  test('waits for what is under way, and takes nothing new', async () => {
    const { queue, deliveries, loop, answer } = await startLoop({ concurrency: 3 });
    await answer(entriesNamed('a', 'b'));
    const stopped = watch(loop.stop(LIMIT_MS));
    deliveries.finish('a');
    await pass(LIMIT_MS - 1);
    expect(stopped).toEqual({});
    deliveries.finish('b', 'leave');
    await pass(0);
    expect(stopped).toEqual({ unfinished: 0 });
    expect(queue.takes).toHaveLength(1);
    expect(queue.releases).toEqual([['b']]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('gives up at its limit, and says how many are still under way', async () => {
    const { deliveries, loop, answer } = await startLoop({ concurrency: 3 });
    await answer(entriesNamed('a', 'b', 'c'));
    const stopped = watch(loop.stop(LIMIT_MS));
    deliveries.finish('b');
    await pass(LIMIT_MS);
    expect(stopped).toEqual({ unfinished: 2 });
    deliveries.finish('a');
    deliveries.fail('c');
    await pass(HOUR_MS);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('waits for a take, and releases what it brings', async () => {
    const { queue, deliveries, loop, answer } = await startLoop();
    const stopped = watch(loop.stop(LIMIT_MS));
    await pass(100);
    expect(stopped).toEqual({});
    await answer(entriesNamed('a', 'b'), START_TIME + 1_000);
    expect(stopped).toEqual({ unfinished: 0 });
    expect(queue.releases).toEqual([['a', 'b']]);
    expect(deliveries.started).toEqual([]);
    await pass(HOUR_MS);
    expect(queue.takes).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each(['take', 'delivery'])('ends also when a %s fails meanwhile, and leaves no timer', async (what) => {
    const { queue, deliveries, errors, loop, answer } = await startLoop();
    if (what === 'delivery') await answer(entriesNamed('a'));
    const stopped = watch(loop.stop(LIMIT_MS));
    if (what === 'delivery') deliveries.fail('a');
    else queue.takes[0]?.fail(new Error('the disk is full'));
    await pass(0);
    expect(stopped).toEqual({ unfinished: 0 });
    expect(errors).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('during a pause ends the pause', async () => {
    const { queue, loop } = await startLoop();
    queue.takes[0]?.fail(new Error('the disk is full'));
    await pass(0);
    expect(await loop.stop(LIMIT_MS)).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
    await pass(HOUR_MS);
    expect(queue.takes).toHaveLength(1);
  });

  test('before the first take prevents it', async () => {
    const queue = createManualQueue();
    const { deliver } = createManualDeliveries();
    const limits = createDeliveryLimits(1);
    const loop = startDeliveryLoop({ queue, deliver, clock: createManualClock(), limits, onError: () => {} });
    expect(await loop.stop(LIMIT_MS)).toBe(0);
    await pass(HOUR_MS);
    expect(queue.takes).toEqual([]);
  });
});
