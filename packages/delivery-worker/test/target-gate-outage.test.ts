import { describe, expect, test } from '@jest/globals';
import { type CircuitStore, StoreUnavailableError } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import { answer, BELIEVED_MS, fail, openGateWorld, TIMEOUT } from './support/gate-world.ts';
import { closeAfterEach } from './support/resources.ts';

const opened = closeAfterEach();
const openWorld = async () => opened(await openGateWorld());
/** When the first opening ends. */
const OPEN_UNTIL = START_TIME + 33_000;
const waiting = (until: number) => ({ kind: 'wait', until });

describe('a store that cannot be asked', () => {
  const refuse = () => Promise.reject(new StoreUnavailableError('the disk is full'));
  const never = () => new Promise<never>(() => undefined);

  test('stops nothing: messages go, it is told, and the store is left alone for a second', async () => {
    const world = await openWorld();
    let reads = 0;
    const read = () => {
      reads += 1;
      return refuse();
    };
    const worker = world.worker({ store: { ...world.store, read } });
    for (let request = 0; request < 5; request++) expect(await worker.ask()).toMatchObject({ kind: 'go' });
    expect(reads).toBe(1);
    expect(worker.errors).toEqual([expect.any(StoreUnavailableError)]);
    world.clock.advance(1_000);
    await worker.ask();
    expect(reads).toBe(2);
  });

  test('stops nothing either when it does not answer', async () => {
    const world = await openWorld();
    const worker = world.worker({ store: { ...world.store, read: never }, sleep: () => Promise.resolve() });
    expect(await worker.ask()).toMatchObject({ kind: 'go' });
    expect(String(worker.errors)).toContain('could not be read within 1000 ms');
  });

  test('does not make a worker forget what it knew', async () => {
    const world = await openWorld();
    let isDown = false;
    const read: CircuitStore['read'] = (keys) => (isDown ? refuse() : world.store.read(keys));
    const worker = world.worker({ store: { ...world.store, read } });
    await fail(worker);
    await worker.go(answer(410), { senderId: 'shop' });
    isDown = true;
    world.clock.advance(BELIEVED_MS);
    expect(await worker.ask()).toEqual(waiting(OPEN_UNTIL));
    expect(await worker.ask({ senderId: 'shop' })).toMatchObject({ kind: 'held' });
  });

  test('lets messages go when the probe cannot be written, as it lets all go that it cannot tell of', async () => {
    const world = await openWorld();
    let isDown = false;
    const write: CircuitStore['write'] = (batch) => (isDown ? refuse() : world.store.write(batch));
    const worker = world.worker({ store: { ...world.store, write } });
    await fail(worker);
    isDown = true;
    world.clock.set(OPEN_UNTIL);
    expect(await worker.ask()).toMatchObject({ kind: 'go' });
    expect(worker.errors).toHaveLength(1);
  });

  test('is told later what it did not take: the counts are not lost', async () => {
    const world = await openWorld();
    let isDown = true;
    let writes = 0;
    const write: CircuitStore['write'] = (batch) => {
      writes += 1;
      return isDown ? refuse() : world.store.write(batch);
    };
    const worker = world.worker({ store: { ...world.store, write } });
    await fail(worker);
    expect(writes).toBe(1);
    isDown = false;
    world.clock.advance(1_000);
    await worker.gate.flush(0);
    expect((await world.state()).circuit).toMatchObject({ state: 'open', requests: 10 });
  });

  test('does not keep a worker from ending: it waits for writes only so long', async () => {
    const world = await openWorld();
    const slept: number[] = [];
    const sleep = (ms: number) => {
      slept.push(ms);
      return ms === 500 ? Promise.resolve() : never();
    };
    const worker = world.worker({ store: { ...world.store, write: never }, sleep });
    const admission = await worker.ask();
    if (admission.kind === 'go') admission.end(TIMEOUT);
    await worker.gate.flush(500);
    expect(slept).toContain(500);
  });
});
