import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRequestSlots, type RequestSlots } from '../src/aws/s3-fast/request-slots.ts';

const RUNS = 200;

/** Takes as many as there is room for at once, and says how many came. */
async function takeAll(slots: RequestSlots, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let index = 0; index < count; index += 1) void slots.take().then((request) => taken.push(request));
  await turn();
  return taken;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('requests under way', () => {
  test('are 16 at first, and twice as many with each round of successes until the most', async () => {
    const slots = createRequestSlots(100);
    const taken = await takeAll(slots, 1_000);
    expect(taken).toHaveLength(16);
    for (const underWay of [32, 64, 100, 100]) {
      const round = taken.splice(0);
      for (const request of round) slots.free(request, 'success');
      await turn();
      expect(taken).toHaveLength(underWay);
    }
  });

  test('are half as many when S3 asks for less, once for all that were under way', async () => {
    const slots = createRequestSlots(128);
    const taken = await takeAll(slots, 100);
    for (const request of taken.splice(0)) slots.free(request, 'overload');
    await turn();
    expect(slots.limit).toBe(8);
    expect(taken).toHaveLength(8);
  });

  test('of thousands that wait all start, in their order', async () => {
    const slots = createRequestSlots(2);
    const order: number[] = [];
    for (let name = 0; name < 5_000; name += 1) {
      void slots.take().then((request) => {
        order.push(name);
        slots.free(request, 'success');
      });
    }
    while (order.length < 5_000) {
      const before = order.length;
      await turn();
      expect(order.length).toBeGreaterThan(before);
    }
    expect(order).toEqual(Array.from({ length: 5_000 }, (_, name) => name));
  });

  test('are one at least', async () => {
    const slots = createRequestSlots(4);
    for (let round = 0; round < 9; round += 1) slots.free(await slots.take(), 'overload');
    expect(slots.limit).toBe(1);
  });

  test('of any sequence are never more than the limit, start in the order in which they were asked for, and all start', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.constantFrom('take', 'success', 'overload', 'none'), { maxLength: 200 }),
        async (most, steps) => {
          const slots = createRequestSlots(most);
          const order: number[] = [];
          const underWay: number[] = [];
          let asked = 0;
          let limitBefore = slots.limit;
          for (const step of steps) {
            const request = underWay[0];
            if (step === 'take') {
              const name = asked;
              asked += 1;
              void slots.take().then((started) => {
                order.push(name);
                underWay.push(started);
              });
            } else if (request !== undefined) {
              underWay.shift();
              slots.free(request, step);
            }
            await Promise.resolve();
            await Promise.resolve();
            // What was under way when the limit was halved goes on.
            expect(underWay.length).toBeLessThanOrEqual(Math.max(limitBefore, slots.limit, underWay.length - 1));
            limitBefore = Math.max(slots.limit, underWay.length);
          }
          while (underWay.length > 0) {
            slots.free(underWay.shift() ?? 0, 'none');
            await turn();
          }
          expect(order).toEqual(Array.from({ length: asked }, (_, index) => index));
        },
      ),
      { numRuns: RUNS },
    ));
});
