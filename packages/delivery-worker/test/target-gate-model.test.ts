/**
 * Two and three workers share a circuit, die, and see their clock jump: at most one probe at a time, and always another.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CLOCK_SKEW_MS, LONGEST_OPEN_MS } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import type { Admission } from '../src/gate/target-gate.ts';
import {
  answer,
  BELIEVED_MS,
  type GateWorld,
  LEASE_MS,
  OK,
  openGateWorld,
  TIMEOUT,
  type Worker,
} from './support/gate-world.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';

let world: GateWorld;
beforeAll(async () => {
  world = await openGateWorld();
});
afterAll(() => world.close());

/** A request that was let go. */
interface Going {
  readonly worker: number;
  readonly end: Extract<Admission, { kind: 'go' }>['end'];
  readonly isProbe: boolean;
  /** Epoch milliseconds. */
  readonly leaseUntil: number;
}

interface Model {
  readonly knowsTime: boolean;
  /** Epoch milliseconds: the latest time that there was. */
  latest: number;
  /** What everybody has read or written is older than this, epoch milliseconds. */
  lastActionAt: number;
  /** Requests of workers that live. */
  going: Going[];
  /** Ends of the leases of probes whose worker died. */
  orphaned: number[];
}

interface Real {
  readonly senderId: string;
  readonly workers: Worker[];
}

type Step = fc.AsyncCommand<Model, Real>;

const circuitOf = async ({ senderId }: Real) => (await world.state(senderId)).circuit;

/** Never two probes whose leases live, whoever has them. */
function expectOneProbe({ knowsTime, latest, going, orphaned }: Model): void {
  if (!knowsTime) return;
  // A lease that was over is over, also when the clock goes back.
  const now = Math.max(latest, world.clock.now());
  const leases = [...going.filter(({ isProbe }) => isProbe).map(({ leaseUntil }) => leaseUntil), ...orphaned];
  expect(leases.filter((until) => until > now).length).toBeLessThanOrEqual(1);
}

function step(name: string, check: (model: Model) => boolean, run: (model: Model, real: Real) => Promise<void>): Step {
  return {
    toString: () => name,
    check,
    async run(model, real) {
      await run(model, real);
      expectOneProbe(model);
    },
  };
}

const ask = (index: number) =>
  step(
    `worker ${index} asks`,
    () => true,
    async (model, real) => {
      const worker = real.workers[index % real.workers.length] as Worker;
      const now = world.clock.now();
      const before = await circuitOf(real);
      const admission = await worker.ask(real);
      const after = await circuitOf(real);
      const isProbe = after?.state === 'half-open' && JSON.stringify(after) !== JSON.stringify(before);
      const wasKnown = isKnown(model);
      model.lastActionAt = Math.max(model.lastActionAt, now);
      if (wasKnown) {
        const isClosed = before === null || before.state === 'closed';
        const isOffered = !isClosed && now >= before.until;
        expect({ kind: admission.kind, isProbe }).toEqual({
          kind: isClosed || isOffered ? 'go' : 'wait',
          isProbe: isOffered,
        });
      }
      if (isProbe) expect(admission.kind).toBe('go');
      if (admission.kind === 'wait') expect(admission.until).toBeGreaterThan(now);
      if (admission.kind === 'go') {
        const { end } = admission;
        model.going.push({ worker: index % real.workers.length, end, isProbe, leaseUntil: now + LEASE_MS });
      }
    },
  );

/** What everybody believes is what is: what they have read or written is old. */
const isKnown = ({ lastActionAt }: Model): boolean => world.clock.now() >= lastActionAt + BELIEVED_MS;

const askTogether = step('all workers ask together', isKnown, async (model, real) => {
  const now = world.clock.now();
  const before = await circuitOf(real);
  const answers = await Promise.all(real.workers.map((worker) => worker.ask(real)));
  model.lastActionAt = Math.max(model.lastActionAt, now);
  const isClosed = before === null || before.state === 'closed';
  const allowed = isClosed ? answers.length : now >= before.until ? 1 : 0;
  expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(allowed);
  for (const [worker, answer] of answers.entries()) {
    if (answer.kind !== 'go') continue;
    model.going.push({ worker, end: answer.end, isProbe: !isClosed, leaseUntil: now + LEASE_MS });
  }
});

const OUTCOMES = { 'comes through': OK, 'is refused': answer(400), fails: TIMEOUT, 'is not made': null } as const;

const end = (pick: number, how: keyof typeof OUTCOMES) =>
  step(
    `request ${pick} ${how}`,
    ({ going }) => going.length > 0,
    async (model, real) => {
      const [going] = model.going.splice(pick % model.going.length, 1);
      if (going === undefined) throw new Error('expected a request');
      const before = await circuitOf(real);
      const now = world.clock.now();
      going.end(OUTCOMES[how]);
      await real.workers[going.worker]?.gate.flush(0);
      model.lastActionAt = Math.max(model.lastActionAt, now);
      const after = await circuitOf(real);
      const isItsProbe = going.isProbe && before?.state === 'half-open' && before.until === going.leaseUntil;
      if (!isItsProbe) {
        // Nothing but a probe changes what is not closed; and only failures open what is.
        if (before !== null && before.state !== 'closed') expect(after).toEqual(before);
        if (how !== 'fails') expect(after?.state ?? 'closed').toBe(before?.state ?? 'closed');
        return;
      }
      const isAnswered = how === 'comes through' || how === 'is refused';
      expect(after?.state).toBe(isAnswered ? 'closed' : 'open');
      if (after?.state !== 'open') return;
      if (how === 'is not made') expect(after.until).toBe(now);
      else expect(after.openMs).toBe(Math.min(before.openMs * 2, LONGEST_OPEN_MS / 1.2));
    },
  );

const fail = (index: number) =>
  step(
    `ten requests of worker ${index} fail`,
    () => true,
    async (model, real) => {
      const worker = real.workers[index % real.workers.length] as Worker;
      const before = await circuitOf(real);
      for (let request = 0; request < 10; request++) {
        if ((await circuitOf(real))?.state === 'open') break;
        const admission = await worker.ask(real);
        if (admission.kind !== 'go') break;
        // It may have become the probe: then it is over with this.
        admission.end(TIMEOUT);
        await worker.gate.flush(0);
      }
      model.lastActionAt = Math.max(model.lastActionAt, world.clock.now());
      // Others may have told of requests that came through, but not of as many.
      if (before === null) expect((await circuitOf(real))?.state).toBe('open');
    },
  );

const crash = (index: number) =>
  step(
    `worker ${index} dies and another starts`,
    () => true,
    (model, real) => {
      const dead = index % real.workers.length;
      real.workers[dead] = world.worker();
      const lost = model.going.filter(({ worker }) => worker === dead);
      model.orphaned.push(...lost.filter(({ isProbe }) => isProbe).map(({ leaseUntil }) => leaseUntil));
      model.going = model.going.filter(({ worker }) => worker !== dead);
      return Promise.resolve();
    },
  );

const move = (ms: number) =>
  step(
    `the clock moves by ${ms} ms`,
    () => true,
    (model) => {
      const latest = Math.max(model.latest, world.clock.now());
      const earliest = model.knowsTime ? latest - CLOCK_SKEW_MS : 0;
      model.latest = latest;
      world.clock.set(Math.max(earliest, world.clock.now() + ms));
      return Promise.resolve();
    },
  );

const worker = fc.nat(2);
const steps: fc.Arbitrary<Step>[] = [
  worker.map(ask),
  fc.constant(askTogether),
  fc
    .tuple(fc.nat(9), fc.constantFrom(...(Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[])))
    .map(([pick, how]) => end(pick, how)),
  worker.map(fail),
  worker.map(crash),
  fc.oneof(fc.nat(5_000), fc.nat(60_000), fc.nat(LONGEST_OPEN_MS)).map(move),
];
/** All in all back no further than clocks may differ. */
const back = fc.nat(CLOCK_SKEW_MS).map((ms) => move(-ms));
/** Back as far as nobody can know of. */
const farBack = fc.integer({ min: CLOCK_SKEW_MS + 1, max: 30 * 86_400_000 }).map((ms) => move(-ms));

let senders = 0;

interface RunOptions {
  readonly workers: number;
  /** False: nobody can know that the lease of a probe is not over, and two may be under way. */
  readonly knowsTime: boolean;
}

async function run(commands: Iterable<Step>, { workers, knowsTime }: RunOptions): Promise<void> {
  senders += 1;
  world.clock.set(START_TIME);
  const real: Real = {
    senderId: `sender-${senders}`,
    workers: Array.from({ length: workers }, () => world.worker()),
  };
  const model: Model = { knowsTime, latest: 0, lastActionAt: 0, going: [], orphaned: [] };
  await fc.asyncModelRun(() => ({ model, real }), commands);
  await expectItCanClose(real);
  expect(real.workers.flatMap(({ errors }) => errors)).toEqual([]);
}

/** However it came here: once its time is over a probe is offered, and it closes when that comes through. */
async function expectItCanClose(real: Real): Promise<void> {
  world.clock.advance(LONGEST_OPEN_MS + CLOCK_SKEW_MS + LEASE_MS);
  const survivor = world.worker();
  const before = await circuitOf(real);
  await survivor.go(OK, real);
  const told = { closed: [], open: ['half-open', 'closed'], 'half-open': ['closed'] }[before?.state ?? 'closed'];
  expect((await circuitOf(real))?.state ?? 'closed').toBe('closed');
  expect(survivor.events.map(({ to }) => to)).toEqual(told);
  await survivor.go(OK, real);
}

describe.each([2, 3])('the circuit of %d workers that die', (workers) => {
  test(
    'has one probe at a time, whatever happens, and closes after one that comes through',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands([...steps, back], { size: '+1', maxCommands: 60 }), (commands) =>
          run(commands, { workers, knowsTime: true }),
        ),
        { numRuns: 150 },
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test(
    'never stays open, even when the clock is set back by days',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands([...steps, farBack], { size: '+1', maxCommands: 30 }), (commands) =>
          run(commands, { workers, knowsTime: false }),
        ),
        { numRuns: 100 },
      );
    },
    PROPERTY_LIMIT_MS,
  );
});
