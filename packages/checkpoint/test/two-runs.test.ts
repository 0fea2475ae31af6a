import { describe, expect, test } from '@jest/globals';
import { LEASE_MS } from '../src/state/session.ts';
import { type CallName, failing } from './support/memory-objects.ts';
import { createWorld, idsOf, PATH_A, put } from './support/world.ts';

describe('two runs', () => {
  test('take turns: the second waits, and finds nothing left to do', async () => {
    const world = createWorld();
    for (let n = 0; n < 5; n++) put(world, `${n}-x.json`, 'a', n);
    const reports = await Promise.all([world.run(), world.run()]);
    expect(reports.map(({ events }) => events.folded).sort()).toEqual([0, 5]);
    expect((await idsOf(world, PATH_A)).length).toBe(5);
  });

  test.each(['get', 'put'] as const)(
    'of which one was taken for dead before its %s of a file harm nothing',
    async (at) => {
      const world = createWorld();
      put(world, '1-x.json', 'a', 1);
      await world.run();
      put(world, '2-x.json', 'a', 2);
      let isAsleep = false;
      const before = async (call: CallName, key: string): Promise<void> => {
        if (call !== at || key !== PATH_A || isAsleep) return;
        isAsleep = true;
        world.now += 2 * LEASE_MS;
        await world.run();
      };
      await expect(world.run({}, { target: { before } })).rejects.toMatchObject({
        code: 'lease-lost',
        retryable: true,
      });
      await world.runClean();
      expect(await idsOf(world, PATH_A)).toEqual(['1-x.json', '2-x.json']);
    },
  );

  test('of which one holds the lease too long for the patience of the other end with an error that says so', async () => {
    const world = createWorld();
    put(world, '1-x.json', 'a', 1);
    await expect(world.run({}, { target: failing('put', PATH_A, 'dies-before') })).rejects.toThrow();
    await expect(world.run({ patienceMs: 1_000 })).rejects.toMatchObject({ code: 'lease-held', retryable: true });
    expect(await world.run()).toMatchObject({ events: { folded: 1 } });
  });
});
