/** Histories as fast-check makes and shrinks them: fewer messages, events and faults, earlier times, a calmer system. */

import fc from 'fast-check';
import {
  type Answer,
  CALLS,
  type Event,
  type FaultRule,
  type History,
  type MessagePlan,
  type Outage,
  type SystemPlan,
  type World,
} from './history.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** When things happen: close together or apart, and often at the same time. */
const time = fc.oneof(
  fc.constantFrom(0, 0, 30 * SECOND_MS),
  fc.nat(10 * SECOND_MS),
  fc.nat(2 * MINUTE_MS),
  fc.nat(15 * MINUTE_MS),
);

const delayMs = fc.oneof(fc.nat(300), fc.integer({ min: 20 * SECOND_MS, max: 40 * SECOND_MS }));
const goodStatus = fc.constantFrom(200, 202, 204);
const badStatus = fc.constantFrom(500, 503, 429, 408, 400, 404, 410, 302);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('status' as const), status: goodStatus, delayMs }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('status' as const), status: badStatus, delayMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('status' as const),
      status: fc.constantFrom(429, 503),
      delayMs,
      retryAfterMs: fc.constantFrom(SECOND_MS, MINUTE_MS, 20 * MINUTE_MS, HOUR_MS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), seen: fc.boolean(), delayMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('never' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('twice' as const), status: fc.constantFrom(200, 500), delayMs }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('unreachable' as const),
      error: fc.constantFrom('dns' as const, 'tls' as const, 'connection' as const),
    }),
  },
);

const message: fc.Arbitrary<MessagePlan> = fc.record({
  at: time,
  sender: fc.nat(1),
  origin: fc.nat(1),
  path: fc.nat(1),
  maxAttempts: fc.constantFrom(3, 1, 2, 5),
  lifetimeMs: fc.constantFrom(72 * HOUR_MS, 72 * HOUR_MS, 72 * HOUR_MS, 10 * MINUTE_MS, MINUTE_MS),
  isLarge: fc.integer({ min: 0, max: 15 }).map((number) => number === 15),
  answers: fc.array(answer, { maxLength: 6, size: 'max' }),
});

/** Such that a circuit opens: many fail at about the same time, and quickly. */
const outage: fc.Arbitrary<Outage> = fc.record({
  at: time,
  forMs: fc.constantFrom(20 * SECOND_MS, MINUTE_MS, 3 * MINUTE_MS, 20 * MINUTE_MS),
  origin: fc.nat(1),
  answer: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(500, 503), delayMs }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'unreachable', error: 'connection' } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'never' } as const) },
  ),
  messages: fc.integer({ min: 8, max: 14 }),
  everyMs: fc.constantFrom(0, 100, SECOND_MS),
  plan: fc.record({
    sender: fc.nat(1),
    path: fc.nat(1),
    maxAttempts: fc.constantFrom(5, 3),
    lifetimeMs: fc.constantFrom(72 * HOUR_MS, 72 * HOUR_MS, HOUR_MS),
  }),
});

/** As clocks of machines that are kept in step differ; by more than leases allow for; or somebody sets one. */
const clockChange = fc.oneof(
  fc.integer({ min: -4 * SECOND_MS, max: 4 * SECOND_MS }),
  fc.integer({ min: -MINUTE_MS, max: MINUTE_MS }),
  fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }),
);

/** Shorter and longer than leases. */
const pauseMs = fc.oneof(fc.nat(10 * SECOND_MS), fc.integer({ min: 20 * SECOND_MS, max: 2 * MINUTE_MS }));

const number = fc.nat(7);
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('repeat' as const),
      at: time,
      message: number,
      isOther: fc.integer({ min: 0, max: 3 }).map((chance) => chance === 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('replay' as const), at: time, message: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replay-all' as const), at: time }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), at: time, message: number }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), at: time, message: number }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('death' as const), at: time, process: number }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), at: time, process: number, byMs: clockChange }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), at: time, process: number, forMs: pauseMs }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('orphan' as const), at: time }) },
);

function faultRule(world: World): fc.Arbitrary<FaultRule> {
  const rules = Object.entries(CALLS[world]).map(([call, faults]) => ({
    // Claims and results are updates: where most of the rules are.
    weight: call === 'UpdateItem' || call === 'request' ? 3 : 1,
    arbitrary: fc.record({
      call: fc.constant(call),
      nth: fc.oneof(fc.nat(3), fc.nat(10), fc.nat(25)),
      times: fc.oneof(fc.constant(1), fc.constant(1), fc.integer({ min: 1, max: 8 })),
      fault: fc.constantFrom(...faults),
    }),
  }));
  return fc.oneof(...rules);
}

const system: fc.Arbitrary<SystemPlan> = fc.record({
  workers: fc.integer({ min: 2, max: 3 }),
  batch: fc.integer({ min: 1, max: 4 }),
  maxReceives: fc.integer({ min: 2, max: 5 }),
  visibilityMs: fc.constantFrom(2 * MINUTE_MS, 3 * MINUTE_MS, 12 * MINUTE_MS),
  duplicates: fc.constantFrom(0, 0.3, 0.8),
  afterDeletion: fc.constantFrom(0, 0.1, 0.3),
});

export function arbitraryHistory(world: World): fc.Arbitrary<History> {
  // Sizes are chosen here: fast-check's own bias would make half of all histories tiny.
  return fc.noBias(
    fc.record({
      world: fc.constant(world),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      messages: fc.array(message, { minLength: 1, maxLength: 4, size: 'max' }),
      outages: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(outage, { minLength: 1, maxLength: 1 }) },
      ),
      events: fc.array(event, { maxLength: 10, size: 'max' }),
      faults: fc.array(faultRule(world), { maxLength: 14, size: 'max' }),
      system,
    }),
  );
}
