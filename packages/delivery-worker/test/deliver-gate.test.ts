import { describe, expect, test } from '@jest/globals';
import { type AttemptOutcome, type Message, type MessageView, StoreUnavailableError } from '@millrace/core';
import { aMessage, START_TIME, uniqueId } from '@millrace/core/testing';
import fc from 'fast-check';
import type { Admission } from '../src/gate/target-gate.ts';
import { createTargetGate } from '../src/gate/target-gate.ts';
import { deliver, type TargetGate, type TargetGateDeps } from '../src/index.ts';
import { entryNamed } from './support/entries.ts';
import { answer, OK, QUARTER_MS, TIMEOUT } from './support/gate-world.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { closeAfterEach } from './support/resources.ts';
import { makeScripted, type Script } from './support/scripted.ts';
import { openSqliteWorld, type SqliteWorld } from './support/sqlite-world.ts';

const opened = closeAfterEach();

interface World extends SqliteWorld {
  readonly gate: TargetGate;
}

async function openWorld(deps: Partial<TargetGateDeps> = {}): Promise<World> {
  let gate: TargetGate | undefined;
  const world = await openSqliteWorld(({ store, clock }) => {
    gate = createTargetGate({
      ...{ store: store.circuits, clock, random: () => 0.5, newToken: () => uniqueId('probe') },
      ...{ longestWaitMs: QUARTER_MS, sleep: () => new Promise<never>(() => undefined) },
      onError: (error) => {
        throw error;
      },
      ...deps,
    });
    return { gate };
  });
  opened(world);
  if (gate === undefined) throw new Error('expected a gate');
  return { ...world, gate };
}

async function accept(world: World, overrides: Parameters<typeof aMessage>[0] = {}): Promise<Message> {
  const message = aMessage(overrides);
  expect(await world.store.accept([message])).toEqual([{ kind: 'accepted' }]);
  return message;
}

/** Delivers what is due, and lets be written what it led to. */
async function deliverDue(world: World): Promise<void> {
  await world.deliverDue();
  await world.gate.flush(0);
}

/** Ten messages of the sender fail, each once. */
async function openCircuit(world: World): Promise<void> {
  for (let request = 0; request < 10; request++) await accept(world, { maxAttempts: 1 });
  world.answerWith(Array.from({ length: 10 }, () => TIMEOUT));
  await deliverDue(world);
  expect(world.requests).toHaveLength(10);
}

const OPEN_MS = 33_000;

describe('while a circuit is open', () => {
  test('its messages wait without a claim, and go when the probe has come through', async () => {
    const world = await openWorld();
    await openCircuit(world);
    const messages = [await accept(world), await accept(world), await accept(world)];
    await deliverDue(world);
    expect(world.requests).toHaveLength(10);
    for (const message of messages) {
      expect(await world.view(message)).toMatchObject({ status: 'QUEUED', attempts: 0, updatedAt: START_TIME });
    }
    world.clock.advance(OPEN_MS - 1);
    await deliverDue(world);
    expect(world.requests).toHaveLength(10);
    world.clock.advance(1);
    // One is the probe, the others ask ten seconds later what came of it.
    await deliverDue(world);
    expect(world.requests).toHaveLength(11);
    world.clock.advance(10_000);
    await deliverDue(world);
    for (const message of messages) {
      expect(await world.view(message)).toMatchObject({ status: 'SUCCESS', attempts: 1 });
    }
  });

  test('those of another sender to the same origin are delivered', async () => {
    const world = await openWorld();
    await openCircuit(world);
    const message = await accept(world, { senderId: 'shop' });
    await deliverDue(world);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS' });
  });

  test('a message does not wait for longer than it lives: it ends as expired, without a request', async () => {
    const world = await openWorld();
    await openCircuit(world);
    const message = await accept(world, { expiresAt: START_TIME + 5_000 });
    await deliverDue(world);
    world.clock.advance(5_000);
    await deliverDue(world);
    expect(await world.view(message)).toMatchObject({ status: 'FAILED', reason: 'expired', attempts: 0 });
    expect(world.requests).toHaveLength(10);
  });

  test('a probe whose message was claimed by another is offered again at once', async () => {
    const world = await openWorld();
    await openCircuit(world);
    await accept(world);
    const { entries } = await world.store.take(1);
    await world.store.claim(entries.map((entry) => ({ entry, token: 'another', leaseMs: 600_000 })));
    world.clock.advance(OPEN_MS);
    await deliver(entries, world.deps);
    await world.gate.flush(0);
    expect(world.requests).toHaveLength(10);
    const message = await accept(world);
    await deliverDue(world);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('a target that is gone', () => {
  const held = { status: 'FAILED', reason: 'held', attempts: 0, totalAttempts: 0 };

  test('ends the later messages of this sender to this URL at once, without a request or an attempt', async () => {
    const world = await openWorld();
    const first = await accept(world);
    world.answerWith([answer(410)]);
    await deliverDue(world);
    expect(await world.view(first)).toMatchObject({ status: 'FAILED', reason: 'gone', attempts: 1 });

    const later = await accept(world);
    const others = [
      await accept(world, { senderId: 'shop' }),
      await accept(world, { targetUrl: 'https://partner.example/other' }),
    ];
    await deliverDue(world);
    expect(world.requests).toHaveLength(3);
    const view = await world.view(later);
    expect(view).toMatchObject(held);
    expect(view.lastError?.message).toMatch(/^held: https:[/][/]partner.example[/]hooks is held since .*HTTP 410/);
    for (const other of others) expect(await world.view(other)).toMatchObject({ status: 'SUCCESS' });
    expect(await world.store.counts()).toEqual({ accepted: 4, succeeded: 2, failed: 2, waiting: 0 });
  });

  test('ends replays too, until it is released; then they are delivered', async () => {
    const world = await openWorld();
    const message = await accept(world);
    world.answerWith([answer(404, { control: 'disable' })]);
    await deliverDue(world);
    expect(await world.view(message)).toMatchObject({ reason: 'gone' });
    await world.store.replay(message.identity);
    await deliverDue(world);
    expect(await world.view(message)).toMatchObject({ ...held, totalAttempts: 1 });

    const key = { senderId: 'billing', target: message.identity.targetUrl };
    const [known] = await world.store.circuits.read([key]);
    await world.store.circuits.write([{ key, state: { circuit: null, hold: null }, seen: known?.version ?? null }]);
    world.gate.forget(key);
    await world.store.replayMany({ reason: 'held', limit: 10, dryRun: false });
    await deliverDue(world);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS', attempts: 1 });
  });
});

test('abort-message ends a message that would be tried again, and no other', async () => {
  const world = await openWorld();
  const message = await accept(world);
  world.answerWith([answer(503, { control: 'abort-message' })]);
  await deliverDue(world);
  expect(await world.view(message)).toMatchObject({ status: 'FAILED', reason: 'aborted', attempts: 1 });
  const other = await accept(world);
  await deliverDue(world);
  expect(await world.view(other)).toMatchObject({ status: 'SUCCESS' });
});

test('Retry-After holds the messages of this sender to the origin, the one that got it among them', async () => {
  const world = await openWorld();
  const busy = await accept(world);
  world.answerWith([answer(503, { retryAfterMs: 120_000 })]);
  await deliverDue(world);
  const other = await accept(world, { targetUrl: 'https://partner.example/other' });
  const shops = await accept(world, { senderId: 'shop' });
  await deliverDue(world);
  world.clock.advance(119_999);
  await deliverDue(world);
  expect(world.requests).toHaveLength(2);
  expect(await world.view(shops)).toMatchObject({ status: 'SUCCESS' });
  expect(await world.view(other)).toMatchObject({ status: 'QUEUED', attempts: 0 });
  world.clock.advance(1);
  await deliverDue(world);
  expect(await world.view(busy)).toMatchObject({ status: 'SUCCESS', attempts: 2 });
  expect(await world.view(other)).toMatchObject({ status: 'SUCCESS', attempts: 1 });
});

describe('whatever targets answer', () => {
  const anyOutcome: fc.Arbitrary<AttemptOutcome> = fc.oneof(
    fc.constantFrom(OK, TIMEOUT, answer(500), answer(410), answer(404), answer(429)),
    fc.nat(3_600_000).map((retryAfterMs) => answer(503, { retryAfterMs })),
    fc.constantFrom('abort-message', 'disable').map((control) => answer(500, { control })),
  );
  const message = fc.record({ senderId: fc.constantFrom('billing', 'shop'), path: fc.nat(1) });

  test(
    'every message ends within its life and plan, the books add up, and nobody is harmed by another sender',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(message, { minLength: 1, maxLength: 25 }),
          fc.array(anyOutcome, { maxLength: 60 }),
          async (messages, outcomes) => {
            const world = await openWorld();
            const accepted: Message[] = [];
            for (const { senderId, path } of messages) {
              accepted.push(await accept(world, { senderId, targetUrl: `https://partner.example/${path}` }));
            }
            // To the same origin, where the requests of this sender always come through.
            const spared = await accept(world, { senderId: 'spared' });
            const { send } = world.deps.target;
            world.answerWith(outcomes);
            const target = {
              ...world.deps.target,
              send: (...args: Parameters<typeof send>): Promise<AttemptOutcome> =>
                args[0].identity.senderId === 'spared' ? Promise.resolve(OK) : send(...args),
            };
            const views: MessageView[] = [];
            const end = START_TIME + 72 * 3_600_000;
            for (let isFirst = true; world.clock.now() <= end; isFirst = false) {
              const { entries, nextDue } = await world.store.take(50);
              const answers = await deliver(entries, { ...world.deps, target });
              await world.gate.flush(0);
              expect(answers).toEqual(answers.map(() => 'acknowledge'));
              if (isFirst) expect(await world.view(spared)).toMatchObject({ status: 'SUCCESS' });
              if (entries.length > 0) continue;
              if (nextDue === null) break;
              world.clock.set(Math.max(world.clock.now() + 1, nextDue));
            }
            for (const one of accepted) views.push(await world.view(one));
            for (const { status, attempts, maxAttempts, reason } of views) {
              expect(['SUCCESS', 'FAILED']).toContain(status);
              expect(attempts).toBeLessThanOrEqual(maxAttempts);
              if (reason === 'held') expect(attempts).toBeLessThan(maxAttempts);
            }
            const failed = views.filter(({ status }) => status === 'FAILED').length;
            const succeeded = views.length - failed + 1;
            expect(await world.store.counts()).toEqual({ accepted: views.length + 1, succeeded, failed, waiting: 0 });
          },
        ),
        { numRuns: 100 },
      );
    },
    PROPERTY_LIMIT_MS,
  );
});

describe('around a delivery, the gate', () => {
  function withGate(admission: Admission, script: Script = {}) {
    const scripted = makeScripted(script);
    const leases: number[] = [];
    const gate = {
      ask(_entry: object, leaseMs: number) {
        leases.push(leaseMs);
        return Promise.resolve(admission);
      },
    };
    return { ...scripted, leases, deps: { ...scripted.deps, gate } };
  }

  test('is asked before the claim, and told once, before the result is stored', async () => {
    const ended: (AttemptOutcome | null)[] = [];
    const { deps, events, leases, claims } = withGate(
      { kind: 'go', end: (outcome) => ended.push(outcome) },
      {
        settle: () => {
          expect(ended).toEqual([answer(200, { excerpt: '' })]);
          return 'settled';
        },
      },
    );
    expect(await deliver([entryNamed('m')], deps)).toEqual(['acknowledge']);
    expect(events).toEqual(['claim m', 'claimed m', 'send m', 'settle m']);
    expect(leases).toEqual(claims.map(({ leaseMs }) => leaseMs));
    // The first counts, see `Admission`.
    expect(ended.slice(1)).toEqual([null]);
  });

  test.each<[string, Script, string]>([
    ['is stale', { claim: () => ({ kind: 'stale' }) }, 'acknowledge'],
    ['fails', { claim: () => Promise.reject(new StoreUnavailableError('no')) }, 'leave'],
  ])('is told that no request was made when the claim %s', async (_what, script, disposition) => {
    const ended: unknown[] = [];
    const { deps } = withGate({ kind: 'go', end: (outcome) => ended.push(outcome) }, script);
    expect(await deliver([entryNamed('m')], deps)).toEqual([disposition]);
    expect(ended).toEqual([null]);
  });

  test('that says wait has the entry handed back and acknowledged; when that fails, it is left', async () => {
    const entry = entryNamed('m');
    const until = START_TIME + 5_000;
    const waiting = withGate({ kind: 'wait', until });
    expect(await deliver([entry], waiting.deps)).toEqual(['acknowledge']);
    expect(waiting.events).toEqual(['hand back m']);
    expect(waiting.handedBack).toEqual([{ entry, until }]);
    const failing = withGate(
      { kind: 'wait', until },
      { handBack: () => Promise.reject(new StoreUnavailableError('no')) },
    );
    expect(await deliver([entry], failing.deps)).toEqual(['leave']);
  });

  test('that says held leaves what is stale, busy or missing to the claim', async () => {
    const entry = entryNamed('m');
    const stale = withGate({ kind: 'held', detail: 'why' }, { claim: () => ({ kind: 'stale' }) });
    expect(await deliver([entry], stale.deps)).toEqual(['acknowledge']);
    expect(stale.settlements).toEqual([]);
    const won = withGate({ kind: 'held', detail: 'why' });
    expect(await deliver([entry], won.deps)).toEqual(['acknowledge']);
    expect(won.deadlines).toEqual([]);
    expect(won.settlements).toEqual([
      {
        ...{ entry, token: 'token-1', error: { statusCode: null, message: 'held: why' } },
        result: { kind: 'failure', reason: 'held', requested: false },
      },
    ]);
  });

  test('whose writes never end keeps no result from being stored', async () => {
    const never = () => new Promise<never>(() => undefined);
    const { deps, events } = makeScripted({ send: () => answer(410) });
    const read = (keys: readonly unknown[]) => Promise.resolve(keys.map(() => null));
    const gate = createTargetGate({
      ...{ store: { read, write: never }, clock: deps.clock, random: () => 0, newToken: () => 'a', sleep: never },
      ...{ longestWaitMs: QUARTER_MS, onError: () => undefined },
    });
    for (const name of ['a', 'b'])
      expect(await deliver([entryNamed(name)], { ...deps, gate })).toEqual(['acknowledge']);
    expect(events.filter((event) => event.startsWith('settle'))).toEqual(['settle a', 'settle b']);
  });
});
