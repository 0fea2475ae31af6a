import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { layoutOf } from '../src/layout.ts';
import { checkpointStatus } from '../src/maintenance/checkpoint-status.ts';
import { DEFAULT_LISTING, planListing } from '../src/run/listing.ts';
import type { BatchLimits, RunOptions } from '../src/run/run-checkpoint.ts';

import type { RunReport } from '../src/run/run-report.ts';
import { type CheckpointState, parseState } from '../src/state/checkpoint-state.ts';
import { linesDataset } from './support/lines-dataset.ts';
import { createWorld, type World } from './support/world.ts';

const RUNS = 150;
const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;
/** Little of everything, so that small sources are large ones. */
const SMALL = { pageSize: 2, alwaysFullUpTo: 4, overlapMs: 10, fullEveryMs: 1_000 };

function nameAt(time: number, suffix: string): string {
  return `${String(time).padStart(13, '0')}-${suffix}.json`;
}

function put(world: World, name: string): void {
  world.put(name, [{ group: 'a', at: 1, id: name }]);
}

/** A run that has time for so many pages, and reads what it finds at the end of each. */
async function runPages(world: World, pages: number, options: RunOptions = {}): Promise<RunReport> {
  let listed = 0;
  const before = (call: string): Promise<void> => {
    if (call === 'list') listed += 1;
    return Promise.resolve();
  };
  const remainingMs = () => (listed < pages ? 900_000 : 0);
  const limits = { listingMs: 0 };
  return await world.run({ listing: SMALL, limits, remainingMs, ...options }, { source: { before } });
}

async function foldedNames(world: World): Promise<string[]> {
  return [...(await world.rows()).values()].flat().map(([, id]) => String(id));
}

describe('the plan of a listing', () => {
  const state = { watermark: NOW, fullListing: { at: NOW, objects: 5_001 }, sweep: null };
  const begun = { startedAt: NOW - 5, objects: 7_000, after: 'x' };
  const recent = linesDataset.listingRanges(NOW - DEFAULT_LISTING.overlapMs);
  const anew = (now: number) => ({ startedAt: now, objects: 0, after: '' });

  test.each([
    ['of a first run is a sweep', { watermark: null, fullListing: null, sweep: null }, {}, NOW, [], anew(NOW)],
    ['of few objects is a sweep', { ...state, fullListing: { at: NOW, objects: 5_000 } }, {}, NOW, [], anew(NOW)],
    ['of many objects is what is recent', state, {}, NOW + DAY_MS - 1, recent, undefined],
    ['is followed by a sweep when that is due', state, {}, NOW + DAY_MS, recent, anew(NOW + DAY_MS)],
    ['goes on with a sweep that was begun', { ...state, sweep: begun }, {}, NOW, recent, begun],
    ['begins the sweep anew when it is asked for', { ...state, sweep: begun }, { full: true }, NOW, recent, anew(NOW)],
    ['goes on with a first sweep', { watermark: null, fullListing: null, sweep: begun }, {}, NOW, [], begun],
  ])('%s', (_, known, options, now, ranges, sweep) => {
    expect(planListing(known, linesDataset, { ...DEFAULT_LISTING, ...options }, now)).toEqual({
      recent: ranges,
      sweep,
    });
  });

  test('is a sweep where names do not sort by time', () => {
    const unsorted = { ...linesDataset, listingRanges: () => undefined };
    expect(planListing(state, unsorted, DEFAULT_LISTING, NOW)).toEqual({ recent: [], sweep: anew(NOW) });
  });
});

describe('runs that have no time to list everything', () => {
  test('go on where the one before stopped, and fold what is new before that', async () => {
    const world = createWorld();
    for (let n = 0; n < 20; n++) put(world, nameAt(n, 'old'));
    // The time is over before what the second page has is read.
    for (let folded = 2; folded <= 20; folded += 2) {
      expect(await runPages(world, 2)).toMatchObject({ complete: folded === 20, fullListing: true });
      expect(await foldedNames(world)).toHaveLength(folded);
    }
    world.now += 2 * SMALL.fullEveryMs;
    put(world, nameAt(100, 'new'));
    put(world, nameAt(3, 'late'));
    // What is recent are six pages.
    const startedAt = world.now;
    expect(await runPages(world, 8)).toMatchObject({ complete: false, events: { folded: 1 } });
    expect(await foldedNames(world)).toContain(nameAt(100, 'new'));
    expect(await checkpointStatus(world.deps())).toMatchObject({ sweep: { startedAt, objects: 3 } });
    for (let n = 0; n < 3; n++) await runPages(world, 8);
    expect(await foldedNames(world)).toHaveLength(22);
  });

  test('stop in good order in the middle of objects that are known already', async () => {
    const world = createWorld();
    for (let n = 0; n < 20; n++) put(world, nameAt(n, 'old'));
    await world.run();
    const deadline = await runPages(world, 3, { listing: { ...SMALL, full: true, overlapMs: 0 } });
    expect(deadline).toMatchObject({ complete: false, objects: { read: 0, left: 0 }, failures: [] });
    expect(deadline.objects.listed).toBeLessThan(10);
  });

  test('read once what is recent and in the way of the sweep', async () => {
    const world = createWorld();
    for (let n = 0; n < 6; n++) put(world, nameAt(n, 'old'));
    await world.run();
    world.now += SMALL.fullEveryMs;
    put(world, nameAt(6, 'new'));
    const report = await world.run({ listing: SMALL });
    expect(report).toMatchObject({ complete: true, objects: { listed: 7, read: 1 }, totalEvents: 7 });
    expect(await foldedNames(world)).toHaveLength(7);
  });

  test('are not kept from what is new by a name that tells a time to come', async () => {
    const world = createWorld();
    for (let n = 0; n < 10; n++) put(world, nameAt(n, 'old'));
    put(world, nameAt(world.now + DAY_MS, 'to-come'));
    await world.run();
    put(world, nameAt(world.now - 1, 'new'));
    expect(await world.run({ listing: SMALL })).toMatchObject({ fullListing: false, events: { folded: 1 } });
  });

  test('keep the lease however long they list', async () => {
    const world = createWorld();
    for (let n = 0; n < 40; n++) put(world, nameAt(n, 'old'));
    await world.run();
    let other: Promise<RunReport> | undefined;
    let lists = 0;
    const before = async (call: string): Promise<void> => {
      if (call !== 'list') return;
      lists += 1;
      world.now += 30_000;
      if (lists === 15) other = world.run({ patienceMs: 0 });
      await Promise.resolve();
    };
    const long = { listing: { ...SMALL, full: true } };
    expect(await world.run(long, { source: { before } })).toMatchObject({ complete: true });
    await expect(other).rejects.toMatchObject({ code: 'lease-held' });
  });
});

function stateOf(world: World): CheckpointState {
  const { state: key } = layoutOf(linesDataset.name);
  return parseState(world.target.objects.get(key)?.bytes ?? new Uint8Array(), key);
}

/** From which time on names are recent in the next run. */
function recentFrom(world: World): number {
  const { watermark } = stateOf(world);
  return watermark === null ? Number.POSITIVE_INFINITY : watermark - SMALL.overlapMs;
}

const arrivals = fc.array(
  fc.record({
    times: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 5 }),
    pages: fc.integer({ min: 1, max: 6 }),
  }),
  { minLength: 1, maxLength: 12 },
);
const batches: fc.Arbitrary<Partial<BatchLimits>> = fc.constantFrom(
  ...[{ objects: 1 }, { objects: 3 }, { listingMs: 0 }, { listingMs: 1_000 }],
);

test('whatever arrives under whatever name, one sweep of runs of few pages folds it once, and what is recent stays so until it is folded', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, batches, async (steps, limits) => {
      const world = createWorld();
      const names = new Map<string, number>();
      let recent = Number.POSITIVE_INFINITY;
      for (const [step, { times, pages }] of steps.entries()) {
        for (const time of times) {
          names.set(nameAt(time, `s${step}`), time);
          put(world, nameAt(time, `s${step}`));
        }
        world.now += 400;
        await runPages(world, pages, { limits });
        const folded = new Set(await foldedNames(world));
        const left = [...names].filter(([name, time]) => !folded.has(name) && time >= recent);
        recent = recentFrom(world);
        expect(left.filter(([, time]) => time < recent)).toEqual([]);
      }
      // To the end of the first sweep that began after the last arrival.
      world.now += 1;
      const last = world.now;
      world.now += SMALL.fullEveryMs;
      for (let runs = 0; (stateOf(world).fullListing?.at ?? 0) < last; runs++) {
        if (runs > 200) throw new Error('the sweep comes to no end');
        await runPages(world, names.size + 2, { limits });
      }
      expect((await foldedNames(world)).sort()).toEqual([...names.keys()].sort());
    }),
    { numRuns: RUNS },
  );
});
