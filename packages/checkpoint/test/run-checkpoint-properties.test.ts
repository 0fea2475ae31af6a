/** Whatever happens on the way, in the end the files hold what one clean run of everything would have given. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Line } from './support/lines-dataset.ts';
import { type CallName, type Fault, letLateWritesHappen, ProcessDied } from './support/memory-objects.ts';
import { createWorld, type World } from './support/world.ts';

const line: fc.Arbitrary<Line> = fc.record({
  group: fc.constantFrom('a', 'b', 'c'),
  at: fc.integer({ min: 0, max: 50 }),
  id: fc.string({ maxLength: 3 }),
});

/** An object, new or in place of an earlier one. */
const object = fc.record({
  time: fc.integer({ min: 0, max: 9 }),
  lines: fc.array(line, { minLength: 0, maxLength: 4 }),
  isBroken: fc.boolean(),
});

const fault = fc.record({
  /** Calls that go well before it. */
  after: fc.nat({ max: 25 }),
  kind: fc.constantFrom<Fault>('fails', 'loses-answer', 'happens-later', 'dies-before', 'dies-after'),
  on: fc.constantFrom('source', 'target'),
});

const step = fc.record({
  objects: fc.array(object, { maxLength: 5 }),
  faults: fc.array(fault, { maxLength: 3 }),
  since: fc.option(fc.integer({ min: 0, max: 50 }), { freq: 6 }),
  batch: fc.integer({ min: 1, max: 6 }),
  /** The call of this run at which what was thought to have failed takes effect; beyond its last: not in this run. */
  lateAt: fc.nat({ max: 30 }),
});

function faultsAt(faults: readonly { readonly after: number; readonly kind: Fault }[]) {
  let calls = -1;
  return {
    faultOf(_: CallName): Fault | undefined {
      calls += 1;
      return faults.find(({ after }) => after === calls)?.kind;
    },
  };
}

interface Written {
  readonly key: string;
  readonly lines: readonly Line[];
}

function write(
  world: World,
  { time, lines, isBroken }: { time: number; lines: readonly Line[]; isBroken: boolean },
): Written {
  const key = `${time}-x.json`;
  const text = lines.map((one) => `${JSON.stringify(one)}\n`).join('');
  world.put(key, isBroken ? `${text}broken` : text);
  return { key, lines };
}

/** Rows as sorted text, by path. */
async function contentOf(world: World): Promise<Record<string, readonly string[]>> {
  const rows = await world.rows();
  return Object.fromEntries([...rows].map(([path, list]) => [path, list.map((row) => JSON.stringify(row)).sort()]));
}

function expected(versions: Iterable<readonly Line[]>): Record<string, readonly string[]> {
  const groups: Record<string, string[]> = {};
  for (const lines of versions) {
    for (const { group, id, at } of lines) {
      const path = `lines/${group}/lines.parquet`;
      groups[path] = [...(groups[path] ?? []), JSON.stringify([group, id, at])];
    }
  }
  return Object.fromEntries(Object.entries(groups).map(([path, rows]) => [path, rows.sort()]));
}

describe('events in any parts over any runs, with anything going wrong', () => {
  test('are each folded once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const world = createWorld();
        let serial = 0;
        const versions: (readonly Line[])[] = [];
        for (const { objects, faults, since, batch, lateAt } of steps) {
          // Each object under a name of its own: what is rewritten before it was read is nobody's.
          for (const one of objects) {
            serial += 1;
            const { lines } = write(world, { ...one, time: one.time * 1_000 + serial });
            versions.push(lines);
          }
          const bySide = (side: string) => faultsAt(faults.filter(({ on }) => on === side));
          let calls = 0;
          const before = (): Promise<void> => {
            if (calls === lateAt) letLateWritesHappen(world.target);
            calls += 1;
            return Promise.resolve();
          };
          try {
            await world.run(
              { limits: { objects: batch }, ...(since === null ? {} : { since }) },
              { source: bySide('source'), target: { ...bySide('target'), before } },
            );
          } catch (error) {
            if (!(error instanceof ProcessDied) && !isKnown(error)) throw error;
          }
        }
        await world.runClean();
        letLateWritesHappen(world.target);
        await world.runClean();
        expect(await contentOf(world)).toEqual(expected(versions));
      }),
      { numRuns: 150 },
    );
  });

  test('are each folded once also when objects are rewritten between runs that read them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(object, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), async (rounds) => {
        const world = createWorld();
        const versions = new Map<string, readonly Line[]>();
        for (const round of rounds) {
          const keys = new Map(round.map((one) => [one.time, one]));
          for (const one of keys.values()) {
            const { key, lines } = write(world, one);
            versions.set(`${key} ${JSON.stringify(one)}`, lines);
          }
          await world.runClean();
        }
        expect(await contentOf(world)).toEqual(expected(versions.values()));
      }),
      { numRuns: 100 },
    );
  });

  test('are each folded once by two runs at the same time, in any order of their requests, also when one takes over', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(object, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
        async (scheduler, objects, expiries) => {
          const world = createWorld();
          const versions: (readonly Line[])[] = [];
          for (const [index, one] of objects.entries()) {
            versions.push(write(world, { ...one, time: one.time * 100 + index }).lines);
          }
          // Files that are there already can be added to twice; new ones cannot.
          await world.runClean();
          for (const [index, one] of objects.entries()) {
            versions.push(write(world, { ...one, time: one.time * 100 + index + 50 }).lines);
          }
          let calls = 0;
          const before = async (): Promise<void> => {
            await scheduler.schedule(Promise.resolve());
            calls += 1;
            // Now and then a lease ends while its owner is at work.
            if (expiries.includes(calls)) world.now += 200_000;
          };
          const one = async () => {
            try {
              await world.run({ limits: { objects: 3 } }, { source: { before }, target: { before } });
            } catch (error) {
              if (!isKnown(error)) throw error;
            }
          };
          await scheduler.waitFor(Promise.all([one(), one(), one()]));
          await world.runClean();
          expect(await contentOf(world)).toEqual(expected(versions));
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Errors that a run may end with: the next one goes on. */
function isKnown(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code === 'object-store-unavailable' || code === 'lease-lost' || code === 'lease-held';
}
