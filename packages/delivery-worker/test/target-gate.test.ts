import { describe, expect, test } from '@jest/globals';
import type { CircuitStore } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { answer, BELIEVED_MS, fail, LEASE_MS, OK, ORIGIN, openGateWorld, TIMEOUT } from './support/gate-world.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { closeAfterEach } from './support/resources.ts';

const opened = closeAfterEach();
const openWorld = async () => opened(await openGateWorld());

/** Of the first opening, whose jitter is a half here. */
const OPEN_MS = 33_000;
const OPEN_UNTIL = START_TIME + OPEN_MS;
const lane = { senderId: 'billing', origin: ORIGIN };
const waiting = (until: number) => ({ kind: 'wait', until });

describe('while nothing fails', () => {
  test('messages go, and nothing is written', async () => {
    const world = await openWorld();
    const worker = world.worker();
    for (let request = 0; request < 30; request++) {
      await worker.go([OK, answer(404), answer(429), null][request % 4] ?? null);
      world.clock.advance(500);
    }
    expect((await world.store.list({ limit: 10 })).targets).toEqual([]);
    expect(worker.events).toEqual([]);
  });

  test('messages that ask together are one question, and what was read is believed for three seconds', async () => {
    const world = await openWorld();
    const asked: number[] = [];
    const read: CircuitStore['read'] = (keys) => {
      asked.push(keys.length);
      return world.store.read(keys);
    };
    const worker = world.worker({ store: { ...world.store, read } });
    const targets = ['a', 'b', 'c'].map((path) => ({ targetUrl: `${ORIGIN}/${path}` }));
    await Promise.all([...targets, ...targets].map((target) => worker.ask(target)));
    expect(asked).toEqual([4]);
    world.clock.advance(BELIEVED_MS - 1);
    await worker.ask(targets[0]);
    expect(asked).toEqual([4]);
    world.clock.advance(1);
    await worker.ask(targets[0]);
    expect(asked).toEqual([4, 2]);
  });
});

describe('a target that fails', () => {
  test('is left alone from the tenth failure on, and the worker says so once', async () => {
    const world = await openWorld();
    const worker = world.worker();
    for (let request = 0; request < 9; request++) await worker.go(answer(503));
    expect(worker.events).toEqual([]);
    await worker.go(answer(500));
    expect(worker.events).toEqual([{ ...lane, from: 'closed', to: 'open', until: OPEN_UNTIL }]);
    expect(await worker.ask()).toEqual(waiting(OPEN_UNTIL));
    expect(worker.waits).toEqual([{ ...lane, until: OPEN_UNTIL }]);
    expect((await world.state()).circuit).toMatchObject({ state: 'open', requests: 10, failures: 10, why: 'HTTP 500' });
  });

  test(
    'opens exactly when half of at least ten requests in two buckets have failed',
    async () => {
      const world = await openWorld();
      const steps = fc.array(fc.tuple(fc.oneof(fc.nat(3_000), fc.nat(25_000)), fc.boolean()), {
        minLength: 15,
        maxLength: 40,
      });
      let senders = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (requests) => {
          senders += 1;
          const target = { senderId: `sender-${senders}` };
          const worker = world.worker();
          const made: { bucket: number; failed: boolean }[] = [];
          for (const [ms, failed] of requests) {
            world.clock.advance(ms);
            await worker.go(failed ? TIMEOUT : OK, target);
            const bucket = Math.floor(world.clock.now() / 30_000);
            made.push({ bucket, failed });
            const recent = made.filter((request) => request.bucket >= bucket - 1);
            const failures = recent.filter((request) => request.failed).length;
            const isTooMany = recent.length >= 10 && failures * 2 >= recent.length;
            expect(worker.events.map(({ to }) => to)).toEqual(isTooMany ? ['open'] : []);
            if (isTooMany) return;
          }
        }),
        { numRuns: 100 },
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test('has failed once, however often that is said of one request', async () => {
    const world = await openWorld();
    const worker = world.worker();
    const admission = await worker.ask();
    for (let time = 0; time < 10; time++) if (admission.kind === 'go') admission.end(TIMEOUT);
    await worker.gate.flush(0);
    expect((await world.state()).circuit).toMatchObject({ counts: [{ requests: 1, failures: 1 }] });
  });

  test('is left alone by every worker, for what all of them met together', async () => {
    const world = await openWorld();
    const workers = [world.worker(), world.worker(), world.worker()];
    for (let request = 0; request < 10; request++) {
      await workers[request % 3]?.go(TIMEOUT);
      world.clock.advance(1_000);
    }
    expect(workers.flatMap(({ events }) => events.map(({ to }) => to))).toEqual(['open']);
    world.clock.advance(BELIEVED_MS);
    for (const worker of workers) expect(await worker.ask()).toMatchObject({ kind: 'wait' });
  });

  test('is written at most once a second by a worker, until it opens', async () => {
    const world = await openWorld();
    const writes: number[] = [];
    const write: CircuitStore['write'] = (batch) => {
      writes.push(world.clock.now() - START_TIME);
      return world.store.write(batch);
    };
    const worker = world.worker({ store: { ...world.store, write } });
    for (let request = 0; request < 9; request++) {
      await worker.go(TIMEOUT);
      world.clock.advance(250);
    }
    expect(writes).toEqual([0, 1_000, 2_000]);
    await worker.go(TIMEOUT);
    expect(writes).toEqual([0, 1_000, 2_000, 2_250]);
  });

  test('of another origin, or of another sender, is of no concern', async () => {
    const world = await openWorld();
    const worker = world.worker();
    await fail(worker);
    for (const target of [{ senderId: 'shop' }, { targetUrl: 'https://partner.example:8443/hooks' }]) {
      expect(await worker.ask(target)).toMatchObject({ kind: 'go' });
    }
    expect(await worker.ask({ targetUrl: `${ORIGIN}/other` })).toEqual(waiting(OPEN_UNTIL));
  });
});

describe('the probe of a circuit that was open for its time', () => {
  async function openCircuit() {
    const world = await openWorld();
    const [first, second] = [world.worker(), world.worker()];
    await fail(first);
    world.clock.set(OPEN_UNTIL);
    return { world, first, second };
  }

  test('is one of all that ask, in all workers; the others ask what came of it ten seconds later', async () => {
    const { world, first, second } = await openCircuit();
    const answers = await Promise.all([first, second, first, second].map((worker) => worker.ask()));
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(1);
    const others = answers.filter(({ kind }) => kind !== 'go');
    expect(others).toEqual(others.map(() => waiting(OPEN_UNTIL + 10_000)));
    expect((await world.state()).circuit).toMatchObject({ state: 'half-open', until: OPEN_UNTIL + LEASE_MS });
  });

  test('closes the circuit when it comes through, and lets the lane go', async () => {
    const { world, first, second } = await openCircuit();
    await first.go(answer(404));
    expect(first.events.slice(1)).toEqual([
      { ...lane, from: 'open', to: 'half-open', until: OPEN_UNTIL + LEASE_MS },
      { ...lane, from: 'half-open', to: 'closed', until: null },
    ]);
    expect(first.waits.at(-1)).toEqual({ ...lane, until: OPEN_UNTIL });
    world.clock.advance(BELIEVED_MS);
    for (const worker of [first, second]) expect(await worker.ask()).toMatchObject({ kind: 'go' });
  });

  test('opens it for twice as long when it fails', async () => {
    const { first } = await openCircuit();
    await first.go(TIMEOUT);
    expect(first.events.at(-1)).toEqual({ ...lane, from: 'half-open', to: 'open', until: OPEN_UNTIL + 2 * OPEN_MS });
    expect(await first.ask()).toEqual(waiting(OPEN_UNTIL + 2 * OPEN_MS));
  });

  test('is offered again when no request was made', async () => {
    const { first, second } = await openCircuit();
    await first.go(null);
    expect(await second.ask()).toMatchObject({ kind: 'go' });
    expect(await first.ask()).toMatchObject({ kind: 'wait' });
  });

  test('is offered again when its worker is dead, once its lease is over', async () => {
    const { world, first, second } = await openCircuit();
    expect(await first.ask()).toMatchObject({ kind: 'go' });
    world.clock.advance(LEASE_MS - 1);
    expect(await second.ask()).toMatchObject({ kind: 'wait', until: OPEN_UNTIL + LEASE_MS });
    world.clock.advance(1);
    await second.go(OK);
    expect((await world.state()).circuit).toMatchObject({ state: 'closed' });
  });

  test('counts no more when it ends after another took its place', async () => {
    const { world, first, second } = await openCircuit();
    const late = await first.ask();
    world.clock.advance(LEASE_MS);
    expect(await second.ask()).toMatchObject({ kind: 'go' });
    if (late.kind === 'go') late.end(OK);
    await first.gate.flush(0);
    expect((await world.state()).circuit).toMatchObject({ state: 'half-open' });
  });

  test('ends once, whatever is said of it afterwards', async () => {
    const { world, first } = await openCircuit();
    const probe = await first.ask();
    if (probe.kind !== 'go') throw new Error('expected it to go');
    probe.end(OK);
    probe.end(null);
    probe.end(TIMEOUT);
    await first.gate.flush(0);
    expect((await world.state()).circuit).toMatchObject({ state: 'closed', counts: [] });
  });
});

test('without the breaker failures are not counted, and messages go; holds stay in force', async () => {
  const world = await openWorld();
  await fail(world.worker());
  const worker = world.worker({ breaker: false });
  await fail(worker, { senderId: 'shop' });
  expect(await worker.ask()).toMatchObject({ kind: 'go' });
  expect(await worker.ask({ senderId: 'shop' })).toMatchObject({ kind: 'go' });
  await worker.go(answer(410));
  expect(await worker.ask()).toMatchObject({ kind: 'held' });
});

test('no message waits for longer than a worker lets it', async () => {
  const world = await openWorld();
  const worker = world.worker({ longestWaitMs: 15_000 });
  await fail(worker);
  expect(await worker.ask()).toEqual(waiting(START_TIME + 15_000));
});
