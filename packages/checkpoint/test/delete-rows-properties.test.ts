/** Rows are deleted between runs, and anything goes wrong: they stay away, and all others are there once. */

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compactCheckpoint } from '../src/maintenance/compact-checkpoint.ts';
import { type DeleteDeps, deleteRows } from '../src/maintenance/delete-rows.ts';
import { idsDataset } from './support/ids-dataset.ts';
import type { Line } from './support/lines-dataset.ts';
import { type Fault, letLateWritesHappen, ProcessDied, viewBucket } from './support/memory-objects.ts';
import { createWorld, type World } from './support/world.ts';

const ids = fc.constantFrom('p', 'q', 'r', 's');
const line: fc.Arbitrary<Line> = fc.record({
  group: fc.constantFrom('a', 'b'),
  at: fc.integer({ min: 0, max: 50 }),
  id: ids,
});

const step = fc.record({
  objects: fc.array(fc.array(line, { maxLength: 4 }), { maxLength: 3 }),
  action: fc.constantFrom('run', 'delete', 'delete', 'compact'),
  ids: fc.array(ids, { minLength: 1, maxLength: 2 }),
  faults: fc.array(
    fc.record({
      after: fc.nat({ max: 20 }),
      kind: fc.constantFrom<Fault>('fails', 'loses-answer', 'happens-later', 'dies-before', 'dies-after'),
      on: fc.constantFrom('source', 'target'),
    }),
    { maxLength: 2 },
  ),
  /** The call at which what was thought to have failed takes effect, if this step has so many. */
  lateAt: fc.nat({ max: 40 }),
});

type Faults = Parameters<World['deps']>[0];

function deletionDeps(world: World, faults: Faults = {}): DeleteDeps {
  const clock = { now: () => world.now };
  return { ...world.deps(faults), source: viewBucket(world.source, { clock, ...faults.source }) };
}

function faultsOf(world: World, { faults, lateAt }: StepFaults): Faults {
  let all = 0;
  const onSide = (side: string) => {
    let calls = -1;
    return {
      before: (): Promise<void> => {
        if (all === lateAt) happenLate(world);
        all += 1;
        return Promise.resolve();
      },
      faultOf: (): Fault | undefined => {
        calls += 1;
        return faults.find(({ on, after }) => on === side && after === calls)?.kind;
      },
    };
  };
  return { source: onSide('source'), target: onSide('target') };
}

interface StepFaults {
  readonly faults: readonly { readonly after: number; readonly kind: Fault; readonly on: string }[];
  readonly lateAt: number;
}

function happenLate(world: World): void {
  letLateWritesHappen(world.source);
  letLateWritesHappen(world.target);
}

function isKnown(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return (
    error instanceof ProcessDied ||
    code === 'object-store-unavailable' ||
    code === 'lease-lost' ||
    code === 'lease-held' ||
    code === 'precondition-failed'
  );
}

const PATIENCE = { patienceMs: 300_000 };

function expectSourcesWithout(world: World, deleted: ReadonlySet<string>): void {
  for (const { bytes } of world.source.objects.values()) {
    const found = idsDataset.readObject(bytes).rows.map(({ values }) => String(values[1]));
    expect(found.filter((id) => deleted.has(id))).toEqual([]);
  }
}

test('no deleted row is in a file after a compaction, and every other row is there once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const world = createWorld(idsDataset);
      const lines: Line[] = [];
      const deleted = new Set<string>();
      let serial = 0;
      for (const one of steps) {
        for (const object of one.objects) {
          serial += 1;
          // An id of its own, so that no two objects have the same bytes.
          const own: Line = { group: 'a', at: serial, id: `own-${serial}` };
          world.put(`${serial}-x.json`, [...object, own]);
          lines.push(...object, own);
        }
        const faults = faultsOf(world, one);
        try {
          if (one.action === 'run') await world.run({ limits: { objects: 2 } }, faults);
          else if (one.action === 'compact') await compactCheckpoint(world.deps(faults), PATIENCE);
          else {
            for (const id of one.ids) deleted.add(id);
            const { failures } = await deleteRows(deletionDeps(world, faults), one.ids, PATIENCE);
            if (failures.length === 0) expectSourcesWithout(world, new Set(one.ids));
          }
        } catch (error) {
          if (!isKnown(error)) throw error;
        }
      }
      await world.runClean();
      happenLate(world);
      await world.runClean();
      const report = await deleteRows(deletionDeps(world), deleted, PATIENCE);
      expect(report.failures).toEqual([]);
      expectSourcesWithout(world, deleted);
      expect((await world.run({ listing: { full: true } })).events.folded).toBe(0);
      expect((await compactCheckpoint(world.deps(), PATIENCE)).failures).toEqual([]);
      const rows = [...(await world.rows()).values()].flat().map((row) => JSON.stringify(row));
      const kept = lines
        .filter(({ id }) => !deleted.has(id))
        .map(({ group, id, at }) => JSON.stringify([group, id, at]));
      expect(rows.sort()).toEqual(kept.sort());
      expect((await world.run()).totalEvents).toBe(kept.length);
    }),
    { numRuns: 300 },
  );
});
