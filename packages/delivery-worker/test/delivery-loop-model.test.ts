import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { createLoopModel, type LoopStep } from './support/loop-model.ts';
import { settle, useVirtualTime } from './support/virtual-time.ts';

useVirtualTime();

test(
  'whatever the order in which deliveries end, as many are under way as may be, never more, until all are done',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        async (concurrency, picks) => {
          const model = createLoopModel(concurrency);
          for (const _ of picks) await model.step({ kind: 'arrive', inMs: 0 });
          const left = [...picks];
          for (;;) {
            await settle();
            await model.step({ kind: 'answer', asOfNow: false });
            await settle();
            expect(model.underWay()).toBe(Math.min(concurrency, left.length));
            const pick = left.pop();
            if (pick === undefined) break;
            await model.step({ kind: 'finish', pick, how: 'acknowledge' });
          }
          expect(model.states()).toEqual(picks.map(() => 'delivered'));
          expect(model.mostUnderWay()).toBe(Math.min(concurrency, picks.length));
          await model.loop.stop(0);
        },
      ),
      { numRuns: 100 },
    );
  },
  PROPERTY_LIMIT_MS,
);

const weighted = (weight: number, arbitrary: fc.Arbitrary<LoopStep>) => ({ weight, arbitrary });

/** Mostly a queue that works, so that the loop is often full, and seldom in a pause. */
const stepArbitrary = fc.oneof(
  weighted(
    4,
    fc.record({ kind: fc.constant('arrive'), inMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 900 })) }),
  ),
  weighted(3, fc.record({ kind: fc.constant('answer'), asOfNow: fc.boolean() })),
  weighted(
    3,
    fc.record({
      kind: fc.constant('finish'),
      pick: fc.nat({ max: 7 }),
      how: fc.constantFrom('acknowledge', 'acknowledge', 'acknowledge', 'acknowledge', 'leave', 'fail'),
    }),
  ),
  weighted(4, fc.constant({ kind: 'turn' })),
  weighted(1, fc.constant({ kind: 'microtask' })),
  weighted(2, fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 0, max: 400 }) })),
  weighted(1, fc.constantFrom<LoopStep>({ kind: 'fail-take' }, { kind: 'fail-next-release' })),
);

test(
  'whatever happens in whatever order, no entry is forgotten, and never more are under way than may be',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(stepArbitrary, { maxLength: 60, size: 'max' }),
        async (concurrency, steps) => {
          const model = createLoopModel(concurrency);
          for (const step of steps) await model.step(step);
          await model.drain();
          expect(model.loop.inFlight()).toBe(0);
          expect(await model.loop.stop(0)).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  },
  PROPERTY_LIMIT_MS,
);
