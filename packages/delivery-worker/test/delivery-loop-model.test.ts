import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { createLoopModel, type LoopStep } from './support/loop-model.ts';
import { pass, useVirtualTime } from './support/virtual-time.ts';

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
          for (const _ of picks) await model.step({ kind: 'arrive', inMs: 0, origin: 0 });
          const left = [...picks];
          for (;;) {
            await model.answerAll();
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
    fc.record({
      kind: fc.constant('arrive'),
      inMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 900 })),
      origin: fc.nat({ max: 2 }),
    }),
  ),
  weighted(3, fc.record({ kind: fc.constant('answer'), asOfNow: fc.boolean() })),
  weighted(
    3,
    fc.record({
      kind: fc.constant('finish'),
      pick: fc.nat({ max: 7 }),
      how: fc.constantFrom('acknowledge', 'acknowledge', 'acknowledge', 'acknowledge', 'leave', 'fail'),
      statusCode: fc.constantFrom(200, 200, 500, 503),
    }),
  ),
  weighted(4, fc.constant({ kind: 'turn' })),
  weighted(1, fc.constant({ kind: 'microtask' })),
  weighted(2, fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 0, max: 400 }) })),
  weighted(1, fc.constantFrom<LoopStep>({ kind: 'fail-take' }, { kind: 'fail-next-release' })),
);

test(
  'whatever happens in whatever order, no entry that has a place is forgotten, and never more are under way than may be',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
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

test('a target that never answers, with a backlog of its own, keeps none of nine others waiting', async () => {
  const model = createLoopModel(8);
  const QUICK = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let count = 0; count < 200; count++) await model.step({ kind: 'arrive', inMs: 0, origin: 0 });
  await model.answerAll();
  expect(model.underWay()).toBe(8);
  for (let round = 0; round < 20; round++) {
    for (const origin of QUICK) await model.step({ kind: 'arrive', inMs: 0, origin });
    await model.answerAll();
    expect(QUICK.map((origin) => model.underWayTo(`https://${origin}.example`))).toEqual(QUICK.map(() => 1));
    for (const _ of QUICK) await model.step({ kind: 'finish', pick: 8, how: 'acknowledge' });
  }
  await model.answerAll();
  expect(model.underWayTo('https://0.example')).toBe(8);
  expect(model.states().filter((state) => state === 'delivered')).toHaveLength(20 * QUICK.length);
  const stopped = model.loop.stop(0);
  await pass(1);
  expect(await stopped).toBe(8);
});
