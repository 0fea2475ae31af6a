import { describe, expect, test } from '@jest/globals';
import { type CallName, failing, letLateWritesHappen } from './support/memory-objects.ts';
import { createWorld, idsOf, PATH_A, PATH_B, put } from './support/world.ts';

const STATE = '_millrace/visit-events/state.json';

describe('a run', () => {
  test('folds what is there, sorted by time, and says what it did', async () => {
    const world = createWorld();
    put(world, '2-x.json', 'a', 20);
    put(world, '1-x.json', 'a', 10);
    put(world, '3-x.json', 'b', 30);
    put(world, 'readme.txt', 'b', 30);
    const report = await world.run();
    expect(report).toMatchObject({
      complete: true,
      objects: { listed: 4, read: 3, ignored: { 'not lines': 1 }, pending: 0, left: 0, gone: 0, refused: 0 },
      events: { folded: 3, invalid: 0, filtered: {} },
      totalEvents: 3,
      lastTimestamp: 30,
      failures: [],
    });
    expect(report.groups.map(({ path, added, rows }) => ({ path, added, rows }))).toEqual([
      { path: PATH_A, added: 2, rows: 2 },
      { path: PATH_B, added: 1, rows: 1 },
    ]);
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json']);
  });

  test('that finds nothing new reads no object and writes no file', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 10);
    await world.run();
    const before = world.target.objects.get(PATH_A)?.etag;
    const report = await world.run();
    expect(report).toMatchObject({ complete: true, objects: { read: 0 }, events: { folded: 0 }, totalEvents: 1 });
    expect(world.target.objects.get(PATH_A)?.etag).toBe(before);
  });

  test('finds late events, equal times, and a new group with old events', async () => {
    const world = createWorld();
    put(world, '5-x.json', 'a', 50);
    await world.run();
    put(world, '1-late.json', 'a', 10);
    put(world, '5-same.json', 'a', 50);
    put(world, '2-other.json', 'b', 1);
    expect(await world.run()).toMatchObject({ events: { folded: 3 }, totalEvents: 4 });
    expect(await idsOf(world, PATH_B)).toEqual(['2-other.json']);
  });

  test('counts a rewritten object as rows of its own, and one written again with the same bytes not', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 10, 'first');
    await world.run();
    put(world, '1-x.json', 'a', 10, 'second');
    await world.run();
    world.now += 7_200_000;
    put(world, '1-x.json', 'a', 10, 'second');
    await world.run();
    expect([...(await idsOf(world, PATH_A))].sort()).toEqual(['first', 'second']);
  });

  test('reports an object that is not valid with every reason, once, and folds what is valid in it', async () => {
    const world = createWorld();
    world.put('1-x.json', '{"group":"a","at":1,"id":"good"}\nno\n[\n');
    put(world, '2-x.json', 'a', 10);
    const report = await world.run();
    expect(report.failures).toEqual([
      { kind: 'content', key: '1-x.json', reasons: ['line 2: is not JSON', 'line 3: is not JSON'] },
    ]);
    expect(report).toMatchObject({ events: { folded: 2, invalid: 2 }, objects: { refused: 0 } });
    expect((await world.run()).failures).toEqual([]);
    world.put('1-x.json', '{"group":"a","at":2,"id":"mended"}');
    expect(await world.run()).toMatchObject({ events: { folded: 1 }, failures: [] });
  });

  test('tries an object again in every run until it can be read', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 10);
    put(world, '2-x.json', 'a', 20);
    for (let n = 0; n < 3; n++) {
      const report = await world.run({}, { source: failing('get', '1-x.json', 'fails') });
      expect(report).toMatchObject({ complete: true, objects: { pending: 1 }, events: { folded: n === 0 ? 1 : 0 } });
      expect(report.failures).toMatchObject([{ kind: 'transport', key: '1-x.json' }]);
    }
    expect(await world.run()).toMatchObject({ objects: { pending: 0 }, events: { folded: 1 }, failures: [] });
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json']);
  });

  test('whose file of one group cannot be written keeps its objects, and the others go on', async () => {
    const world = createWorld();
    world.put('1-x.json', [
      { group: 'a', at: 1, id: 'to a' },
      { group: 'b', at: 1, id: 'to b' },
    ]);
    const report = await world.run({}, { target: failing('put', PATH_A, 'fails', 9) });
    expect(report).toMatchObject({ events: { folded: 1 }, objects: { pending: 1 } });
    expect(report.failures).toMatchObject([{ kind: 'group', key: PATH_A }]);
    put(world, '2-x.json', 'b', 2);
    expect(await world.run()).toMatchObject({ events: { folded: 2 }, objects: { pending: 0 }, failures: [] });
    expect([await idsOf(world, PATH_A), await idsOf(world, PATH_B)]).toEqual([['to a'], ['to b', '2-x.json']]);
  });

  test.each(['loses-answer', 'happens-later'] as const)('of whose writes one %s doubles nothing', async (fault) => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    put(world, '2-x.json', 'a', 2);
    await world.run({}, { target: failing('put', PATH_A, fault) });
    letLateWritesHappen(world.target);
    put(world, '3-x.json', 'a', 3);
    await world.runClean();
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json', '3-x.json']);
  });

  test('whose write takes effect in the middle of the next run doubles nothing', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    put(world, '2-x.json', 'a', 2);
    await world.run({}, { target: failing('put', PATH_A, 'happens-later') });
    put(world, '3-x.json', 'a', 3);
    const before = (call: CallName, key: string): Promise<void> => {
      if (call === 'put' && key === PATH_A) letLateWritesHappen(world.target);
      return Promise.resolve();
    };
    const report = await world.run({}, { target: { before } });
    expect(report.failures).toMatchObject([{ kind: 'group', key: PATH_A }]);
    await world.runClean();
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json', '3-x.json']);
  });

  test.each(['fails', 'dies-before'] as const)('that cannot read the state (%s) changes nothing', async (fault) => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    put(world, '2-x.json', 'a', 2);
    const before = [...world.target.objects];
    await expect(world.run({}, { target: failing('get', STATE, fault) })).rejects.toThrow();
    expect([...world.target.objects]).toEqual(before);
    await world.runClean();
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json']);
  });

  test('that cannot read the file of a group reports it, and takes it for nothing but unread', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    put(world, '2-x.json', 'a', 2);
    const report = await world.run({}, { target: failing('get', PATH_A, 'fails', 9) });
    expect(report.failures).toMatchObject([{ kind: 'group', key: PATH_A }]);
    await world.runClean();
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json']);
  });

  test('stops at files whose state is gone', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    world.target.objects.delete(STATE);
    await expect(world.run()).rejects.toMatchObject({ code: 'state-missing' });
  });

  test('stops at a state that is damaged, or of another template', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    const state = world.target.objects.get(STATE);
    if (state === undefined) throw new Error('there is no state');
    world.target.objects.set(STATE, { ...state, bytes: state.bytes.subarray(0, 40) });
    await expect(world.run()).rejects.toMatchObject({ code: 'state-corrupt' });
    const text = Buffer.from(state.bytes).toString().replace('lines/{group}', 'other/{group}');
    world.target.objects.set(STATE, { ...state, bytes: Buffer.from(text) });
    await expect(world.run()).rejects.toMatchObject({ code: 'checkpoint-mismatch' });
  });

  test.each([
    ['damaged', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
    ['empty', () => new Uint8Array(0)],
  ])('leaves a file that is %s as it is, and says how to go on', async (_, damage) => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    const file = world.target.objects.get(PATH_A);
    if (file === undefined) throw new Error('there is no file');
    const damaged = { ...file, bytes: damage(file.bytes), etag: '"damaged"' };
    world.target.objects.set(PATH_A, damaged);
    put(world, '2-x.json', 'a', 2);
    put(world, '3-x.json', 'b', 3);
    const report = await world.run();
    expect(report.failures).toMatchObject([
      { kind: 'group', key: PATH_A, reasons: [expect.stringContaining('rebuild')] },
    ]);
    expect(report).toMatchObject({ events: { folded: 1 }, objects: { pending: 1 } });
    expect(world.target.objects.get(PATH_A)).toBe(damaged);
  });

  test('leaves a file alone that lost rows, and one that nobody knows', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await world.run();
    const small = world.target.objects.get(PATH_A);
    if (small === undefined) throw new Error('there is no file');
    put(world, '2-x.json', 'a', 2);
    await world.run();
    world.target.objects.set(PATH_A, small);
    world.target.objects.set(PATH_B, small);
    put(world, '3-x.json', 'a', 3);
    put(world, '4-x.json', 'b', 3);
    const report = await world.run();
    expect(report.failures).toMatchObject([
      { kind: 'group', key: PATH_A, reasons: [expect.stringContaining('has 1 rows, and had 2')] },
      { kind: 'group', key: PATH_B, reasons: [expect.stringContaining('no run of this checkpoint made it')] },
    ]);
    expect([world.target.objects.get(PATH_A), world.target.objects.get(PATH_B)]).toEqual([small, small]);
  });

  test('counts an object that is deleted between listing and reading', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    put(world, '2-x.json', 'a', 2);
    const report = await world.run(
      {},
      {
        source: {
          before(call, key) {
            if (call === 'get' && key === '1-x.json') world.source.objects.delete(key);
            return Promise.resolve();
          },
        },
      },
    );
    expect(report).toMatchObject({
      complete: true,
      objects: { gone: 1, pending: 0 },
      events: { folded: 1 },
      failures: [],
    });
  });

  test('folds an object that is replaced between listing and reading once', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1, 'old');
    await world.run(
      {},
      {
        source: {
          before(call, key) {
            if (call === 'get') put(world, key, 'a', 1, 'new');
            return Promise.resolve();
          },
        },
      },
    );
    await world.runClean();
    expect(await idsOf(world, PATH_A)).toEqual(['new']);
  });

  test('takes an object that is what it was before for known', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1, 'first');
    await world.run();
    put(world, '1-x.json', 'a', 1, 'second');
    const before = (call: CallName, key: string): Promise<void> => {
      if (call === 'get') put(world, key, 'a', 1, 'first');
      return Promise.resolve();
    };
    expect(await world.run({}, { source: { before } })).toMatchObject({ events: { folded: 0 }, failures: [] });
    expect(await idsOf(world, PATH_A)).toEqual(['first']);
  });

  test('finds what arrives while it lists with the next one at the latest', async () => {
    const world = createWorld();
    for (let n = 0; n < 1_500; n++) put(world, `${1_000_000 + n}-x.json`, 'a', n);
    let arrived = false;
    await world.run(
      {},
      {
        source: {
          before(call) {
            if (call === 'list' && world.source.objects.size > 0 && !arrived) {
              arrived = true;
              put(world, '1-early.json', 'a', 1, 'early');
            }
            return Promise.resolve();
          },
        },
      },
    );
    put(world, '2-early.json', 'a', 1, 'earlier');
    await world.runClean();
    expect((await idsOf(world, PATH_A)).length).toBe(1_502);
  });
});

describe('a run with since', () => {
  test('folds events after it alone, and leaves the others to runs without it', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 10);
    put(world, '2-x.json', 'a', 19);
    world.put('3-x.json', [
      { group: 'a', at: 15, id: 'before' },
      { group: 'a', at: 20, id: 'at' },
      { group: 'b', at: 21, id: 'after' },
    ]);
    const report = await world.run({ since: 20 });
    expect(report).toMatchObject({ events: { folded: 1, filtered: { 'not after since': 4 } }, failures: [] });
    expect([await idsOf(world, PATH_A), await idsOf(world, PATH_B)]).toEqual([[], ['after']]);
    await world.runClean();
    expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', 'before', '2-x.json', 'at']);
    expect(await idsOf(world, PATH_B)).toEqual(['after']);
  });
});

describe('a run with little time', () => {
  test('folds what it can, says what is left, and the next one goes on', async () => {
    const world = createWorld();
    for (let n = 0; n < 30; n++) put(world, `${100 + n}-x.json`, 'a', n);
    let left = 1_000;
    const remainingMs = () => {
      left -= 30;
      return left;
    };
    const report = await world.run({ remainingMs, limits: { objects: 10 } });
    expect(report.complete).toBe(false);
    expect(report.events.folded + report.objects.left).toBe(30);
    expect(report.events.folded).toBeGreaterThan(0);
    expect(report.objects.left).toBeGreaterThan(0);
    await world.runClean();
    expect((await idsOf(world, PATH_A)).length).toBe(30);
  });

  test('makes batches as large as they may be', async () => {
    const world = createWorld();
    for (let n = 0; n < 25; n++) put(world, `${100 + n}-x.json`, 'a', n);
    expect(await world.run({ limits: { objects: 10 } })).toMatchObject({ events: { folded: 25 }, totalEvents: 25 });
  });
});
