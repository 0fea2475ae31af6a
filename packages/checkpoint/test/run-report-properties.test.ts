/** What is true of any one run: which events it takes, their order, and what the log says of it. */

import { expect, test } from '@jest/globals';
import { checkpointFields } from '@millrace/core';
import { createRecordingLines } from '@millrace/core/testing';
import fc from 'fast-check';
import { compactCheckpoint } from '../src/maintenance/compact-checkpoint.ts';
import type { Line } from './support/lines-dataset.ts';
import { createWorld, type World } from './support/world.ts';

const RUNS = 100;

const lines: fc.Arbitrary<readonly Line[]> = fc.array(
  fc.record({ group: fc.constantFrom('a', 'b'), at: fc.integer({ min: 0, max: 9 }), id: fc.string({ maxLength: 3 }) }),
  { maxLength: 5 },
);
const objects = fc.array(fc.record({ lines, isBroken: fc.boolean() }), { maxLength: 6 });

function put(world: World, written: readonly { lines: readonly Line[]; isBroken: boolean }[], first = 0): void {
  for (const [index, one] of written.entries()) {
    const text = one.lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    world.put(`${first + index}-x.json`, one.isBroken ? `${text}c4n4ry` : text);
  }
}

async function timesOf(world: World): Promise<readonly (readonly number[])[]> {
  return [...(await world.rows()).values()].map((rows) => rows.map(([, , at]) => Number(at)));
}

test('a run for later events folds those strictly after, and a run without it all others', async () => {
  await fc.assert(
    fc.asyncProperty(objects, fc.integer({ min: -1, max: 10 }), async (written, since) => {
      const world = createWorld();
      put(world, written);
      const all = written.flatMap((one) => one.lines.map(({ at }) => at)).sort((a, b) => a - b);
      const later = all.filter((at) => at > since);
      expect((await world.run({ since })).events.folded).toBe(later.length);
      expect((await timesOf(world)).flat().sort((a, b) => a - b)).toEqual(later);
      await world.runClean();
      expect((await timesOf(world)).flat().sort((a, b) => a - b)).toEqual(all);
    }),
    { numRuns: RUNS },
  );
});

test('the events of a run are in the order of their timestamps, and all those of a file once it is compacted', async () => {
  await fc.assert(
    fc.asyncProperty(objects, objects, async (first, second) => {
      const world = createWorld();
      const sorted = (times: readonly number[]) => times.toSorted((a, b) => a - b);
      put(world, first);
      await world.run();
      for (const times of await timesOf(world)) expect(times).toEqual(sorted(times));
      put(world, second, first.length);
      await world.run();
      await compactCheckpoint(world.deps(), { all: true });
      for (const times of await timesOf(world)) expect(times).toEqual(sorted(times));
    }),
    { numRuns: RUNS },
  );
});

test('the line of any run has every field that it must have, and nothing that an object held', async () => {
  await fc.assert(
    fc.asyncProperty(objects, async (written) => {
      const world = createWorld();
      put(world, written);
      const { lines: log, said } = createRecordingLines();
      log.say('checkpoint.folded', checkpointFields(await world.run()));
      expect(said).toEqual([
        {
          ...{ event: 'checkpoint.folded', runId: 'run-1', dataset: 'visit-events', complete: true },
          ...{ objects: written.length, folded: expect.any(Number), files: expect.any(Number) },
          ...{ totalEvents: written.flatMap((one) => one.lines).length, pending: 0, durationMs: expect.any(Number) },
          ...{ invalid: written.filter(({ isBroken }) => isBroken).length, failures: expect.any(Number) },
          failed: expect.any(Array),
        },
      ]);
      expect(JSON.stringify(said)).not.toContain('c4n4ry');
    }),
    { numRuns: RUNS },
  );
});
