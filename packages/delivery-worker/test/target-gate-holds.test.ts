import { describe, expect, test } from '@jest/globals';
import { START_TIME } from '@millrace/core/testing';
import { answer, ORIGIN, openGateWorld, URL } from './support/gate-world.ts';
import { closeAfterEach } from './support/resources.ts';

const opened = closeAfterEach();
const openWorld = async () => opened(await openGateWorld());
const lane = { senderId: 'billing', origin: ORIGIN };
const waiting = (until: number) => ({ kind: 'wait', until });

describe('holds', () => {
  test('410: messages of this sender to this very URL end at once, from then on and for every worker', async () => {
    const world = await openWorld();
    const [first, second] = [world.worker(), world.worker()];
    await first.go(answer(410));
    for (const worker of [first, second]) {
      expect(await worker.ask()).toEqual({
        kind: 'held',
        detail: `${URL} is held since 2026-11-22T10:00:00.000Z: HTTP 410; release it, and replay`,
      });
      for (const target of [{ senderId: 'shop' }, { targetUrl: `${URL}?v=2` }, { targetUrl: `${ORIGIN}/` }]) {
        expect(await worker.ask(target)).toMatchObject({ kind: 'go' });
      }
    }
    expect(first.waits).toEqual([]);
  });

  test('webhook-delivery: disable with success holds the URL too', async () => {
    const world = await openWorld();
    const worker = world.worker();
    await worker.go(answer(200, { control: 'disable' }));
    expect(await worker.ask()).toMatchObject({ kind: 'held' });
  });

  test('Retry-After: messages of this sender to this origin wait until then, with their lane', async () => {
    const world = await openWorld();
    const [first, second] = [world.worker(), world.worker()];
    await first.go(answer(429, { retryAfterMs: 60_000 }));
    const until = START_TIME + 60_000;
    for (const worker of [first, second]) {
      expect(await worker.ask({ targetUrl: `${ORIGIN}/other` })).toEqual(waiting(until));
      expect(worker.waits).toEqual([{ ...lane, until }]);
      for (const target of [{ senderId: 'shop' }, { targetUrl: 'https://other.example/' }]) {
        expect(await worker.ask(target)).toMatchObject({ kind: 'go' });
      }
    }
    world.clock.set(until);
    expect(await first.ask()).toMatchObject({ kind: 'go' });
  });

  test('by hand: messages wait as long as a worker lets them, and ask again until they are released', async () => {
    const world = await openWorld();
    const worker = world.worker({ longestWaitMs: 15_000 });
    const hold = { kind: 'manual', since: START_TIME, why: 'by hand' } as const;
    for (const [target, waits] of [
      [ORIGIN, [{ ...lane, until: START_TIME + 15_000 }]],
      [URL, []],
    ] as const) {
      const key = { senderId: 'billing', target };
      await world.store.write([{ key, state: { circuit: null, hold }, seen: null }]);
      worker.gate.forget(key);
      const before = worker.waits.length;
      expect(await worker.ask()).toEqual(waiting(START_TIME + 15_000));
      // A lane is more than one URL.
      expect(worker.waits.slice(before)).toEqual(waits);
      const [known] = await world.store.read([key]);
      const state = { circuit: null, hold: null };
      await world.store.write([{ key, state, seen: known?.version ?? null }]);
      worker.gate.forget(key);
      expect(worker.waits.at(-1)).toEqual({ ...lane, until: START_TIME });
      expect(await worker.ask()).toMatchObject({ kind: 'go' });
    }
  });

  test('what a target says does not take the place of what an operator holds', async () => {
    const world = await openWorld();
    const worker = world.worker();
    const admission = await worker.ask();
    const hold = { kind: 'manual', since: START_TIME, why: 'by hand' } as const;
    const key = { senderId: 'billing', target: URL };
    await world.store.write([{ key, state: { circuit: null, hold }, seen: null }]);
    if (admission.kind === 'go') admission.end(answer(410));
    await worker.gate.flush(0);
    expect((await world.state('billing', URL)).hold).toEqual(hold);
  });
});
