import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { Dataset } from '../src/datasets/dataset.ts';
import { addTombstones } from '../src/deletion/tombstones.ts';
import { adoptCheckpoint } from '../src/maintenance/adopt-checkpoint.ts';
import { checkpointStatus } from '../src/maintenance/checkpoint-status.ts';
import { compactCheckpoint } from '../src/maintenance/compact-checkpoint.ts';
import { type DeleteDeps, deleteRows } from '../src/maintenance/delete-rows.ts';
import { rebuildCheckpoint } from '../src/maintenance/rebuild-checkpoint.ts';
import { verifyCheckpoint } from '../src/maintenance/verify-checkpoint.ts';
import { idsDataset } from './support/ids-dataset.ts';
import { type Line, linesDataset, linesObject } from './support/lines-dataset.ts';
import { type CallName, type Fault, letLateWritesHappen, viewBucket } from './support/memory-objects.ts';
import { createWorld, type World } from './support/world.ts';

const TOMBSTONES = '_millrace/visit-events/tombstones.ndjson';
const FILE = 'lines/a/lines.parquet';

function deps(world: World): DeleteDeps {
  return { ...world.deps(), source: viewBucket(world.source, { clock: { now: () => world.now } }) };
}

/** One file of three rows, of two objects. */
async function folded(): Promise<World> {
  const world = createWorld(idsDataset);
  world.put('1-x.json', [
    { group: 'a', at: 1, id: 'p' },
    { group: 'a', at: 2, id: 'q' },
  ]);
  world.put('2-x.json', [{ group: 'a', at: 3, id: 'r' }]);
  await world.run();
  return world;
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

test('rows are deleted from sources at once, and from files when these are compacted', async () => {
  const world = await folded();
  expect(await deleteRows(deps(world), ['p', 'unknown'])).toEqual({
    ids: { added: 2, known: 0 },
    ...{ rewritten: 1, removed: 1, files: [{ path: FILE, rows: 1 }], failures: [] },
  });
  expect(text(world.source.objects.get('1-x.json')?.bytes)).toBe('{"group":"a","at":2,"id":"q"}\n');
  expect(await world.run()).toMatchObject({ objects: { read: 0 }, totalEvents: 3 });
  expect(await verifyCheckpoint(deps(world))).toMatchObject({
    ok: true,
    files: [{ rows: 3, missing: 0, withoutSource: 0 }],
  });
  expect((await compactCheckpoint(deps(world))).files).toMatchObject([
    { path: FILE, rows: 2, removed: 1, isWritten: true },
  ]);
  expect((await world.rows()).get(FILE)).toEqual([
    ['a', 'q', 2],
    ['a', 'r', 3],
  ]);
  expect(await world.run()).toMatchObject({ totalEvents: 2 });
  expect((await compactCheckpoint(deps(world))).files).toMatchObject([{ rows: 2, removed: 0, isWritten: false }]);
});

test('the same ids again change nothing', async () => {
  const world = await folded();
  await deleteRows(deps(world), ['q', 'p']);
  const before = world.target.objects.get(TOMBSTONES);
  expect(text(before?.bytes)).toBe('{"id":"p"}\n{"id":"q"}\n');
  expect(await deleteRows(deps(world), ['p'])).toMatchObject({ ids: { added: 0, known: 1 }, rewritten: 0 });
  expect(world.target.objects.get(TOMBSTONES)).toBe(before);
});

test('a row that comes after its id was deleted is left out and counted; verify does not miss it', async () => {
  const world = await folded();
  await deleteRows(deps(world), ['late']);
  world.put('3-x.json', [
    { group: 'a', at: 4, id: 'late' },
    { group: 'a', at: 5, id: 'kept' },
  ]);
  expect(await world.run()).toMatchObject({ events: { folded: 1, filtered: { deleted: 1 } }, totalEvents: 4 });
  expect(await verifyCheckpoint(deps(world))).toMatchObject({ ok: true, files: [{ rows: 4, missing: 0 }] });
});

test('a rebuild leaves deleted rows out, and does not take them for lost', async () => {
  const world = await folded();
  await deleteRows(deps(world), ['p']);
  // It comes back, as from a backup.
  world.put('9-x.json', [{ group: 'a', at: 1, id: 'p' }]);
  expect((await rebuildCheckpoint(deps(world))).files).toEqual([{ path: FILE, rowsBefore: 2, rows: 2 }]);
  expect(await world.run()).toMatchObject({ events: { folded: 0 }, totalEvents: 2 });
  expect(world.target.objects.has(TOMBSTONES)).toBe(true);
});

test('what is gzip stays gzip, and all other bytes stay as they are', async () => {
  const world = await folded();
  const lines =
    '  {"id":"p","at":1, "group":"a"}\r\n\nbroken\n{"id":"gone","at":1,"group":"a"}\n{"id":"p","at":2,"group":"a"}';
  world.source.objects.set('5-x.json', { bytes: gzipSync(lines), etag: '"5"', modifiedAt: 0 });
  await world.run();
  expect(await deleteRows(deps(world), ['gone'])).toMatchObject({ rewritten: 1, removed: 1, failures: [] });
  const left = gunzipSync(world.source.objects.get('5-x.json')?.bytes ?? new Uint8Array(0));
  expect(text(left)).toBe(lines.replace('{"id":"gone","at":1,"group":"a"}\n', ''));
  expect(await world.run()).toMatchObject({ objects: { read: 0 } });
});

test('an object that someone else writes meanwhile is left alone and reported', async () => {
  const world = await folded();
  const source = viewBucket(world.source, {
    clock: { now: () => world.now },
    before(call) {
      if (call === 'put') world.put('2-x.json', [{ group: 'a', at: 9, id: 'other' }]);
      return Promise.resolve();
    },
  });
  expect(await deleteRows({ ...world.deps(), source }, ['r'])).toMatchObject({
    rewritten: 0,
    failures: [{ key: '2-x.json', reason: expect.stringContaining('has not the ETag') }],
  });
  expect(world.source.objects.get('2-x.json')?.bytes).toEqual(
    Uint8Array.from(linesObject([{ group: 'a', at: 9, id: 'other' }])),
  );
  expect(await world.run()).toMatchObject({ events: { folded: 1 } });
});

test('a dataset without ids says that its rows cannot be deleted, and writes nothing', async () => {
  const world = createWorld(linesDataset);
  await expect(deleteRows(deps(world), ['p'])).rejects.toMatchObject({ code: 'no-row-ids' });
  expect(world.target.objects.size).toBe(0);
});

test('tombstones that cannot be read stop a run: they are never taken for none', async () => {
  const world = await folded();
  world.target.objects.set(TOMBSTONES, { bytes: Buffer.from('{"id":1}\n'), etag: '"x"', modifiedAt: 0 });
  await expect(world.run()).rejects.toMatchObject({ code: 'state-corrupt' });
});

test('a source write that takes effect in the middle of a later run, after it was thought to have failed, folds nothing twice', async () => {
  const world = await folded();
  const source = viewBucket(world.source, {
    clock: { now: () => world.now },
    faultOf: (call) => (call === 'put' ? 'happens-later' : undefined),
  });
  expect((await deleteRows({ ...world.deps(), source }, ['p'])).failures).toMatchObject([{ key: '1-x.json' }]);
  const before = (call: CallName): Promise<void> => {
    if (call === 'list') letLateWritesHappen(world.source);
    return Promise.resolve();
  };
  expect((await world.run({}, { source: { before } })).events.folded).toBe(0);
  expect(text(world.source.objects.get('1-x.json')?.bytes)).toBe('{"group":"a","at":2,"id":"q"}\n');
  expect((await world.run()).events.folded).toBe(0);
});

test('a compaction whose answer is lost leaves the count of rows behind, and the next one mends it', async () => {
  const world = await folded();
  await deleteRows(deps(world), ['p']);
  const faultOf = (call: CallName): Fault | undefined => (call === 'putChunks' ? 'loses-answer' : undefined);
  expect((await compactCheckpoint(world.deps({ target: { faultOf } }))).failures).toMatchObject([{ path: FILE }]);
  expect(await checkpointStatus(world.deps())).toMatchObject({ rows: 3 });
  expect((await compactCheckpoint(deps(world))).files).toMatchObject([{ rows: 2, removed: 0, isWritten: false }]);
  expect(await checkpointStatus(world.deps())).toMatchObject({ rows: 2 });
  world.put('4-x.json', [{ group: 'a', at: 4, id: 's' }]);
  expect(await world.run()).toMatchObject({ events: { folded: 1 }, totalEvents: 3, failures: [] });
});

test('files are adopted without their deleted rows, also where a source has them again', async () => {
  const world = await folded();
  const source = world.source.objects.get('1-x.json');
  await deleteRows(deps(world), ['p']);
  await compactCheckpoint(deps(world));
  // As from a backup.
  if (source !== undefined) world.source.objects.set('1-x.json', source);
  world.target.objects.delete('_millrace/visit-events/state.json');
  expect(await adoptCheckpoint(deps(world))).toMatchObject({ files: [{ path: FILE, rows: 2 }], folded: 2, left: 0 });
  expect(await world.run()).toMatchObject({ events: { folded: 0 }, totalEvents: 2 });
});

test('a row that is spread over several lines stays in its source, is reported, and is left out of files', async () => {
  const readObject: Dataset['readObject'] = (bytes) => {
    const { group, at, id }: Line = JSON.parse(text(bytes));
    return { rows: [{ values: [group, id, at], timestamp: at, fields: { group } }], filtered: new Map(), problems: [] };
  };
  const whole = createWorld({ ...idsDataset, readObject: orNothing(readObject) });
  whole.put('1-x.json', JSON.stringify({ group: 'a', at: 1, id: 'p' }, undefined, 2));
  expect(await deleteRows(deps(whole), ['p'])).toMatchObject({
    ...{ rewritten: 0, removed: 0 },
    failures: [{ key: '1-x.json', reason: expect.stringContaining('spread over several lines') }],
  });
  expect(await whole.run()).toMatchObject({ events: { folded: 0, filtered: { deleted: 1 } } });
});

test('more ids than a run may hold in memory are refused, and change nothing', async () => {
  const world = await folded();
  const added = addTombstones(world.deps().target, idsDataset, new Set(['x'.repeat(90), 'y']), 100);
  await expect(added).rejects.toMatchObject({ code: 'too-many-tombstones' });
  expect(world.target.objects.has(TOMBSTONES)).toBe(false);
});

/** What is no JSON, as a line of an object is, holds no row. */
function orNothing(readObject: Dataset['readObject']): Dataset['readObject'] {
  return (bytes) => {
    try {
      return readObject(bytes);
    } catch {
      return { rows: [], filtered: new Map(), problems: [] };
    }
  };
}
