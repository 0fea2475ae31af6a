import { describe, expect, jest, test } from '@jest/globals';
import { createDeliveryLimits } from '../src/delivery-limits.ts';
import { createPlaceQueue } from '../src/place-queue.ts';
import { entryTo } from './support/entries.ts';
import { createManualDeliveries } from './support/manual-queue.ts';
import { pass, settle, useVirtualTime } from './support/virtual-time.ts';

useVirtualTime();

const A = 'https://a.example';
const B = 'https://b.example';

function setUp(concurrency: number) {
  const limits = createDeliveryLimits(concurrency);
  const queue = createPlaceQueue(limits);
  const deliveries = createManualDeliveries();
  const results = new Map<string, unknown>();
  return {
    limits,
    deliveries,
    results,
    begin(origin: string, name: string, waitMs = 1_000): void {
      const entry = entryTo(origin, name);
      void queue
        .deliver(entry, waitMs, () => deliveries.deliver([entry]))
        .then(
          (result) => results.set(name, result),
          (error: unknown) => results.set(name, error),
        );
    },
  };
}

describe('an entry', () => {
  test('starts at once when there is a place, and leaves no timer', async () => {
    const { begin, deliveries, results, limits } = setUp(2);
    begin(A, 'a1');
    await settle();
    expect(deliveries.underWay()).toEqual(['a1']);
    expect(jest.getTimerCount()).toBe(0);
    deliveries.finish('a1');
    await settle();
    expect(results.get('a1')).toEqual(['acknowledge']);
    expect(limits.underWay()).toBe(0);
  });

  test('waits for the place of another to its origin, in their order, while those to others start', async () => {
    const { begin, deliveries } = setUp(1);
    for (const name of ['a1', 'a2', 'a3']) begin(A, name);
    begin(B, 'b1');
    await settle();
    expect(deliveries.underWay()).toEqual(['a1', 'b1']);
    deliveries.finish('a1');
    await settle();
    expect(deliveries.underWay()).toEqual(['b1', 'a2']);
    deliveries.fail('a2');
    await settle();
    expect(deliveries.underWay()).toEqual(['b1', 'a3']);
  });

  test('that finds no place in its time does not start, and is in nobody’s way', async () => {
    const { begin, deliveries, results } = setUp(1);
    begin(A, 'a1');
    begin(A, 'a2', 500);
    begin(A, 'a3', 5_000);
    await pass(499);
    expect(results.has('a2')).toBe(false);
    await pass(1);
    expect([results.has('a2'), results.get('a2')]).toEqual([true, undefined]);
    deliveries.finish('a1');
    await settle();
    expect(deliveries.underWay()).toEqual(['a3']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('of each origin gets a place in turn when all are taken', async () => {
    const { begin, deliveries } = setUp(2);
    const busy = ['c', 'd', 'e', 'f'].flatMap((name) => [`${name}1`, `${name}2`]);
    for (const name of busy) begin(`https://${name[0]}.example`, name);
    for (const name of ['a1', 'a2']) begin(A, name);
    for (const name of ['b1', 'b2']) begin(B, name);
    await settle();
    expect(deliveries.underWay()).toEqual(busy);
    for (const name of ['c1', 'd1', 'e1']) {
      deliveries.finish(name);
      await settle();
    }
    expect(deliveries.underWay().slice(5)).toEqual(['a1', 'b1', 'a2']);
  });
});
