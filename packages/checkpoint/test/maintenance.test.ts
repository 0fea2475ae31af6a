import { describe, expect, test } from '@jest/globals';
import { adoptCheckpoint } from '../src/maintenance/adopt-checkpoint.ts';
import { checkpointStatus } from '../src/maintenance/checkpoint-status.ts';
import { compactCheckpoint } from '../src/maintenance/compact-checkpoint.ts';
import { rebuildCheckpoint } from '../src/maintenance/rebuild-checkpoint.ts';
import { verifyCheckpoint } from '../src/maintenance/verify-checkpoint.ts';
import { LEASE_MS } from '../src/state/session.ts';
import { linesDataset } from './support/lines-dataset.ts';
import type { CallName, Fault } from './support/memory-objects.ts';
import { createWorld, type World } from './support/world.ts';

const STATE = '_millrace/visit-events/state.json';
const PATH_A = 'lines/a/lines.parquet';
const PATH_B = 'lines/b/lines.parquet';

function put(world: World, key: string, group: string, at: number, id = key): void {
  world.put(key, [{ group, at, id }]);
}

/** Two files, of three objects. */
async function folded(): Promise<World> {
  const world = createWorld();
  put(world, '1-x.json', 'a', 1);
  put(world, '2-x.json', 'a', 2);
  put(world, '3-x.json', 'b', 3);
  await world.run();
  return world;
}

async function rowCounts(world: World): Promise<Record<string, number>> {
  return Object.fromEntries([...(await world.rows())].map(([path, rows]) => [path, rows.length]));
}

function fileOf(world: World, path: string) {
  const file = world.target.objects.get(path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  return file;
}

describe('status', () => {
  test('tells files, rows, and what waits, and says so when there is no checkpoint', async () => {
    const world = createWorld();
    await expect(checkpointStatus(world.deps())).rejects.toMatchObject({ code: 'checkpoint-missing' });
    put(world, '1-x.json', 'a', 1);
    put(world, '2-x.json', 'b', 2);
    const faultOf = (call: CallName, key: string): Fault | undefined =>
      call === 'get' && key === '2-x.json' ? 'fails' : undefined;
    await world.run({}, { source: { faultOf } });
    expect(await checkpointStatus(world.deps())).toMatchObject({
      ...{ rows: 1, files: [{ path: PATH_A, rows: 1 }], lastTimestamp: 1, lease: null, interruptedRun: null },
      pending: [{ key: '2-x.json', reason: expect.stringContaining('no answer'), since: world.now }],
    });
  });

  test('is told of a checkpoint of an earlier release as well, which the next run goes on with', async () => {
    const world = await folded();
    const stored = world.target.objects.get(STATE);
    const { sweep: _, rewrites: __, ...earlier } = JSON.parse(Buffer.from(stored?.bytes ?? []).toString());
    world.target.objects.set(STATE, { bytes: Buffer.from(JSON.stringify(earlier)), etag: '"e"', modifiedAt: 0 });
    expect(await checkpointStatus(world.deps())).toMatchObject({ rows: 3, sweep: null });
    put(world, '4-x.json', 'a', 4);
    expect(await world.run()).toMatchObject({ complete: true, events: { folded: 1 }, totalEvents: 4 });
  });

  test('tells of a run that did not come to its end', async () => {
    const world = await folded();
    put(world, '4-x.json', 'a', 4);
    const faultOf = (call: CallName, key: string): Fault | undefined =>
      call === 'put' && key === PATH_A ? 'dies-before' : undefined;
    await expect(world.run({}, { target: { faultOf } })).rejects.toThrow();
    expect(await checkpointStatus(world.deps())).toMatchObject({ lease: { owner: 'run-2' }, interruptedRun: null });
    world.now += 2 * LEASE_MS;
    expect(await checkpointStatus(world.deps())).toMatchObject({ lease: null, interruptedRun: 'run-2-1' });
  });
});

describe('verify', () => {
  test('finds nothing to say of a checkpoint that holds its sources', async () => {
    const world = await folded();
    put(world, '4-x.json', 'a', 4);
    const report = await verifyCheckpoint(world.deps());
    expect(report).toMatchObject({ ok: true, objects: { folded: 3, fresh: 1, pending: 0, vanished: 0 } });
    expect(report.files.map(({ path, rows }) => [path, rows])).toEqual([
      [PATH_A, 2],
      [PATH_B, 1],
    ]);
  });

  test('names the file, and the objects whose rows it lacks', async () => {
    const world = await folded();
    const other = createWorld();
    put(other, '1-x.json', 'a', 1);
    put(other, '2-x.json', 'a', 9, 'of nobody');
    await other.run();
    world.target.objects.set(PATH_A, fileOf(other, PATH_A));
    expect(await verifyCheckpoint(world.deps())).toMatchObject({
      ok: false,
      files: [
        { path: PATH_A, missing: 1, missingFrom: ['2-x.json'], withoutSource: 1 },
        { path: PATH_B, missing: 0, withoutSource: 0 },
      ],
    });
  });

  test('takes rows of sources that are gone for what they are', async () => {
    const world = await folded();
    world.source.objects.delete('1-x.json');
    expect(await verifyCheckpoint(world.deps())).toMatchObject({
      ok: true,
      objects: { folded: 2, vanished: 1 },
      files: [{ path: PATH_A, missing: 0, withoutSource: 1 }, { path: PATH_B }],
    });
  });

  test('says which file cannot be read', async () => {
    const world = await folded();
    world.target.objects.set(PATH_B, { ...fileOf(world, PATH_B), bytes: Buffer.from('PAR1') });
    const report = await verifyCheckpoint(world.deps());
    expect(report.ok).toBe(false);
    expect(report.files[1]).toMatchObject({ path: PATH_B, problem: expect.stringContaining('damaged'), missing: 1 });
  });
});

describe('compact', () => {
  test('writes files anew that were asked for, and they hold the same', async () => {
    const world = await folded();
    put(world, '0-late.json', 'a', 0);
    await world.run();
    const before = await world.rows();
    const report = await compactCheckpoint(world.deps(), { all: true });
    expect(report.failures).toEqual([]);
    expect(report.files.map(({ path, isWritten, rows }) => ({ path, isWritten, rows }))).toEqual([
      { path: PATH_A, isWritten: true, rows: 3 },
      { path: PATH_B, isWritten: true, rows: 1 },
    ]);
    const after = await world.rows();
    expect(after.get(PATH_A)).toEqual(before.get(PATH_A)?.toSorted(([, , a], [, , b]) => Number(a) - Number(b)));
    put(world, '5-x.json', 'a', 5);
    expect(await world.run()).toMatchObject({ events: { folded: 1 }, failures: [] });
    expect(await verifyCheckpoint(world.deps())).toMatchObject({ ok: true });
  });

  test('leaves files alone that are good as they are', async () => {
    const world = await folded();
    const before = fileOf(world, PATH_A);
    expect((await compactCheckpoint(world.deps())).files.map(({ isWritten }) => isWritten)).toEqual([false, false]);
    expect(fileOf(world, PATH_A)).toBe(before);
  });

  test('ends when another has taken the lease, and leaves the other files to that', async () => {
    const world = await folded();
    const before = async (call: CallName): Promise<void> => {
      if (call !== 'putChunks') return;
      world.now += 2 * LEASE_MS;
      await world.run();
    };
    const compacting = compactCheckpoint(world.deps({ target: { before } }), { all: true });
    await expect(compacting).rejects.toMatchObject({ code: 'lease-lost' });
    await world.runClean();
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 2, [PATH_B]: 1 });
  });

  test('that dies after the write has done no harm', async () => {
    const world = await folded();
    const faultOf = (call: CallName): Fault | undefined => (call === 'putChunks' ? 'dies-after' : undefined);
    await compactCheckpoint(world.deps({ target: { faultOf } }), { all: true });
    world.now += 2 * LEASE_MS;
    put(world, '5-x.json', 'a', 5);
    await world.runClean();
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 3, [PATH_B]: 1 });
  });
});

describe('adopt', () => {
  test('takes files whose state is gone as they are, and the next run folds what they lack', async () => {
    const world = await folded();
    world.target.objects.delete(STATE);
    put(world, '4-x.json', 'b', 4);
    const before = fileOf(world, PATH_A);
    expect(await adoptCheckpoint(world.deps())).toEqual({
      files: [
        { path: PATH_A, rows: 2, withoutSource: 0 },
        { path: PATH_B, rows: 1, withoutSource: 0 },
      ],
      ...{ folded: 3, left: 1 },
    });
    expect(fileOf(world, PATH_A)).toBe(before);
    expect(await world.run()).toMatchObject({ events: { folded: 1 }, failures: [] });
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 2, [PATH_B]: 2 });
  });

  test('keeps rows without a source, and counts them', async () => {
    const world = await folded();
    world.target.objects.delete(STATE);
    world.source.objects.delete('1-x.json');
    expect(await adoptCheckpoint(world.deps())).toMatchObject({
      files: [{ path: PATH_A, withoutSource: 1 }, { path: PATH_B }],
      ...{ folded: 2, left: 0 },
    });
  });

  test('folds the rest of an object of which only one file is there', async () => {
    const world = createWorld();
    world.put('1-x.json', [
      { group: 'a', at: 1, id: 'to a' },
      { group: 'b', at: 1, id: 'to b' },
    ]);
    await world.run();
    world.target.objects.delete(STATE);
    world.target.objects.delete(PATH_B);
    expect(await adoptCheckpoint(world.deps())).toMatchObject({ folded: 0, left: 1 });
    await world.runClean();
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 1, [PATH_B]: 1 });
  });

  test('refuses a file that holds an object in part, and changes nothing', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1, 'one');
    await world.run();
    world.target.objects.delete(STATE);
    world.put('1-x.json', [
      { group: 'a', at: 1, id: 'one' },
      { group: 'a', at: 1, id: 'another' },
    ]);
    await expect(adoptCheckpoint(world.deps())).rejects.toMatchObject({ code: 'partly-folded' });
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 1 });
  });
});

describe('rebuild', () => {
  test('makes files anew that are damaged, with a state that is damaged too', async () => {
    const world = await folded();
    world.target.objects.set(PATH_A, { ...fileOf(world, PATH_A), bytes: Buffer.from('no'), etag: '"x"' });
    world.target.objects.set(STATE, { ...fileOf(world, STATE), bytes: Buffer.from('{'), etag: '"y"' });
    const report = await rebuildCheckpoint(world.deps());
    expect(report.files).toEqual([
      { path: PATH_A, rowsBefore: undefined, rows: 2 },
      { path: PATH_B, rowsBefore: 1, rows: 1 },
    ]);
    expect(await world.run()).toMatchObject({ events: { folded: 0 }, totalEvents: 3 });
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 2, [PATH_B]: 1 });
    expect([...world.target.objects.keys()].filter((key) => key.includes('rebuild'))).toEqual([]);
  });

  test('does not replace a file that has more rows, unless the loss is accepted', async () => {
    const world = await folded();
    world.source.objects.delete('1-x.json');
    await expect(rebuildCheckpoint(world.deps())).rejects.toMatchObject({
      code: 'rebuild-loss',
      files: [{ path: PATH_A, rowsBefore: 2, rows: 1 }],
    });
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 2, [PATH_B]: 1 });
    await rebuildCheckpoint(world.deps(), { acceptLoss: true });
    expect(await rowCounts(world)).toEqual({ [PATH_A]: 1, [PATH_B]: 1 });
  });

  test('replaces nothing when a source cannot be read', async () => {
    const world = await folded();
    const before = fileOf(world, PATH_A);
    const faultOf = (call: CallName, key: string): Fault | undefined =>
      call === 'get' && key === '1-x.json' ? 'fails' : undefined;
    await expect(rebuildCheckpoint(world.deps({ source: { faultOf } }))).rejects.toMatchObject({
      code: 'rebuild-incomplete',
    });
    expect(fileOf(world, PATH_A)).toBe(before);
  });

  test('changes the template of a checkpoint', async () => {
    const world = await folded();
    const dataset = { ...linesDataset, template: 'lines/all.parquet' };
    await rebuildCheckpoint({ ...world.deps(), dataset });
    expect(await rowCounts(world)).toEqual({ 'lines/all.parquet': 3 });
    world.source.objects.delete('1-x.json');
    await expect(rebuildCheckpoint(world.deps())).rejects.toMatchObject({ code: 'rebuild-loss' });
    expect(await rowCounts(world)).toEqual({ 'lines/all.parquet': 3 });
  });

  test('that is cut off while it puts files in place stops runs until another has come to its end', async () => {
    const world = await folded();
    let copies = 0;
    const faultOf = (call: CallName, key: string): Fault | undefined => {
      if (call === 'putChunks' && key === PATH_A) copies += 1;
      return copies > 0 ? 'dies-before' : undefined;
    };
    await expect(rebuildCheckpoint(world.deps({ target: { faultOf } }))).rejects.toThrow();
    world.now += 2 * LEASE_MS;
    await expect(world.run()).rejects.toMatchObject({ code: 'rebuild-unfinished' });
    await rebuildCheckpoint(world.deps());
    expect(await world.run()).toMatchObject({ totalEvents: 3, failures: [] });
  });
});
