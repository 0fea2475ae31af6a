import { test } from '@jest/globals';
import type { Lane } from '@millrace/core';
import { withHarness } from '@millrace/core/testing';
import fc from 'fast-check';
import { createQueueWorld } from './support/queue-world.ts';
import { openSqliteHarness } from './support/sqlite-harness.ts';

const TIMEOUT_MS = 120_000;

const ORIGINS = ['https://a.example', 'https://b.example', 'https://c.example:8443'];

const lane: fc.Arbitrary<Lane> = fc.record({
  senderId: fc.constantFrom('s1', 's2', 's3'),
  origin: fc.constantFrom(...ORIGINS),
});
const index = fc.nat({ max: 20 });
const ms = fc.constantFrom(0, 1, 500, 5_000, 100_000);
const places = fc.record({
  byOrigin: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...ORIGINS), fc.nat({ max: 4 })), { selector: ([origin]) => origin })
    .map((entries) => new Map(entries)),
  others: fc.nat({ max: 6 }),
});

type World = ReturnType<typeof createQueueWorld>;
type Step = readonly [text: string, go: (world: World, clock: { advance(ms: number): void }) => unknown];

const stepKinds: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Step>])[] = [
  [
    5,
    fc
      .tuple(lane, fc.integer({ min: 1, max: 4 }))
      .map(([to, count]): Step => [`accept ${to.senderId} ${to.origin} ${count}`, (world) => world.accept(to, count)]),
  ],
  [
    6,
    fc
      .tuple(fc.nat({ max: 6 }), places)
      .map(
        ([limit, origins]): Step => [
          `take ${limit} ${JSON.stringify([...origins.byOrigin])} ${origins.others}`,
          (world) => world.take(limit, origins),
        ],
      ),
  ],
  [4, index.map((at): Step => [`claim ${at}`, (world) => world.claim(at)])],
  [2, index.map((at): Step => [`succeed ${at}`, (world) => world.settle(at, undefined)])],
  [2, fc.tuple(index, ms).map(([at, after]): Step => [`retry ${at} ${after}`, (world) => world.settle(at, after)])],
  [1, index.map((at): Step => [`release ${at}`, (world) => world.release(at)])],
  [1, fc.tuple(index, ms).map(([at, after]): Step => [`put off ${at} ${after}`, (world) => world.handBack(at, after)])],
  [
    1,
    fc.tuple(lane, ms).map(([to, time]): Step => [`hold ${to.senderId} ${to.origin} ${time}`, (w) => w.hold(to, time)]),
  ],
  [1, lane.map((to): Step => [`let go ${to.senderId} ${to.origin}`, (world) => world.releaseLane(to)])],
  [2, ms.map((time): Step => [`pass ${time}`, (_, clock) => clock.advance(time)])],
  [1, ms.map((time): Step => [`set back ${time}`, (world) => world.setBack(time)])],
  [1, fc.boolean().map((isBroken): Step => [`disk broken: ${isBroken}`, (world) => world.breakDisk(isBroken)])],
  [1, fc.constant<Step>(['restart', (world) => world.restart()])],
];
const steps = fc.array(fc.oneof(...stepKinds.map(([weight, arbitrary]) => ({ weight, arbitrary }))), {
  maxLength: 40,
  size: 'max',
});

test.each([{ handOff: false }, { handOff: true }])(
  'in any order of events each lane goes by due time, none that could start is passed by, and nothing is lost (%o)',
  async (options) => {
    await fc.assert(
      fc.asyncProperty(steps, (sequence) =>
        withHarness(
          () => openSqliteHarness(options),
          async (h) => {
            const world = createQueueWorld(h, options.handOff);
            try {
              for (const [, go] of sequence) await go(world, h.clock);
              await world.drain();
            } finally {
              world.close();
            }
          },
        ),
      ),
      { numRuns: 100 },
    );
  },
  TIMEOUT_MS,
);
