import { describe, expect, test } from '@jest/globals';
import { STATUSES } from '@millrace/core';
import fc from 'fast-check';
import { decode, encode } from './support/claim-encoding.ts';
import type { Bounds, State } from './support/claim-model.ts';
import { LOST_CLAIM, NOBODY, PHASES } from './support/claim-model.ts';
import { MUTANTS, PROTOCOL } from './support/claim-mutants.ts';
import { checkClaims } from './support/claim-search.ts';

function bounds(workers: number, capacity: number, maxAttempts: number, replays: number): Bounds {
  return { workers, capacity, maxAttempts, replays };
}

const round = fc.nat(15);
const anyState: fc.Arbitrary<State> = fc.record({
  row: fc.record({
    status: fc.constantFrom(...STATUSES),
    round,
    attempts: fc.nat(15),
    owner: fc.constantFrom(NOBODY, LOST_CLAIM, 0, 1, 2),
    isBeforeDue: fc.boolean(),
    replays: fc.nat(3),
    requests: fc.nat(15),
  }),
  workers: fc.array(fc.record({ phase: fc.constantFrom(...PHASES), round, attempt: fc.nat(15) }), {
    minLength: 3,
    maxLength: 3,
  }),
  // A worker holds one copy at most.
  copies: fc
    .tuple(
      fc.array(fc.record({ round, isVisible: fc.boolean() }), { maxLength: 4 }),
      fc.array(fc.nat(4), { size: '+1' }),
    )
    .map(([copies, held]) =>
      copies.map((copy, index) => ({
        ...copy,
        holders: [0, 1, 2].reduce((bits, worker) => bits | (held[worker] === index ? 1 << worker : 0), 0),
      })),
    ),
});

/** A state without the names of its workers and the order of its copies, but with everything else. */
function nameless({ row, workers, copies }: State): unknown {
  const facts = workers.map((worker, index) => {
    const held = copies.filter(({ holders }) => (holders & (1 << index)) !== 0);
    const heldWith = held.map(({ round, isVisible, holders }) => [round, isVisible, countBits(holders)]);
    return JSON.stringify([worker, row.owner === index, heldWith]);
  });
  const queue = copies.map(({ round, isVisible, holders }) => JSON.stringify([round, isVisible, countBits(holders)]));
  return { row: { ...row, owner: Math.min(row.owner, 0) }, workers: facts.sort(), copies: queue.sort() };
}

function countBits(bits: number): number {
  return [0, 1, 2, 3].filter((bit) => (bits & (1 << bit)) !== 0).length;
}

describe('claim, settle and replay', () => {
  test.each([bounds(1, 3, 2, 1), bounds(2, 2, 1, 1), bounds(2, 1, 2, 1), bounds(2, 3, 2, 0), bounds(3, 1, 2, 0)])(
    'break no rule and lose no message in any reachable state of %o',
    (size) => {
      const report = checkClaims({ protocol: PROTOCOL, bounds: size });

      expect(report).toMatchObject({ violation: null, lost: 0, trace: [] });
      expect(report.states).toBeGreaterThan(10_000); // a model that cannot move keeps every rule
    },
  );
});

describe('the model checker', () => {
  test.each([
    { mutant: 'ack-busy', size: bounds(2, 2, 2, 0) },
    { mutant: 'settle-first', size: bounds(2, 2, 2, 0) },
    { mutant: 'ack-notmine', size: bounds(2, 2, 2, 0) },
    { mutant: 'no-early', size: bounds(2, 2, 2, 0) },
    { mutant: 'replay+1', size: bounds(2, 1, 2, 1) },
    { mutant: 'hand-back-forever', size: bounds(1, 1, 2, 0) },
    { mutant: 'ack-first', size: bounds(1, 1, 2, 0) },
    { mutant: 'no-takeover', size: bounds(1, 1, 2, 0) },
  ] as const)('finds that $mutant loses the message', ({ mutant, size }) => {
    const report = checkClaims({ protocol: MUTANTS[mutant], bounds: size });

    expect(report.violation).toBeNull();
    expect(report.lost).toBeGreaterThan(0);
    expect(report.trace.at(-1)).toMatch(/→ (QUEUED|PROCESSING|RETRYING)/);
  });

  test.each([
    { mutant: 'late-failure', size: bounds(2, 2, 2, 0), rule: 'SUCCESS is final' },
    { mutant: 'late-success', size: bounds(2, 2, 2, 0), rule: 'FAILED is final until a replay' },
    { mutant: 'past-plan', size: bounds(1, 1, 2, 0), rule: 'no request is made past the plan' },
    { mutant: 'takeover-uncounted', size: bounds(1, 1, 2, 0), rule: 'no request is made past the plan' },
    { mutant: 'takeover-live', size: bounds(2, 1, 1, 0), rule: 'nobody takes over while the lease lives' },
    { mutant: 'before-due', size: bounds(1, 1, 2, 0), rule: 'nothing is claimed before its time' },
    { mutant: 'any-round', size: bounds(2, 1, 2, 0), rule: 'rounds only grow' },
    { mutant: 'late-retry', size: bounds(2, 1, 2, 1), rule: 'rounds only grow' },
  ] as const)('finds that with $mutant it does not hold that $rule', ({ mutant, size, rule }) => {
    expect(checkClaims({ protocol: MUTANTS[mutant], bounds: size }).violation).toBe(rule);
  });

  test('shows the shortest way to a lost message', () => {
    expect(checkClaims({ protocol: MUTANTS['no-takeover'], bounds: bounds(1, 1, 1, 0) }).trace).toEqual([
      'accept sends the entry → QUEUED, round 0, attempts 0 | queue: 0 | workers: idle',
      'worker 0 receives a copy of 0 → QUEUED, round 0, attempts 0 | queue: 0 hidden | workers: received 0',
      'worker 0 wins attempt 1 → PROCESSING of worker 0, lease live, round 0, attempts 1 | queue: 0 hidden | workers: requesting 0',
      'worker 0 crashes → PROCESSING of a lost claim, lease live, round 0, attempts 1 | queue: 0 hidden | workers: idle',
    ]);
  });

  test('keeps all of a state but the names of workers and the order of copies', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const text = encode(state);
        const decoded = decode(text, bounds(3, 1, 1, 0));
        expect(nameless(decoded)).toEqual(nameless(state));
        expect(encode(decoded)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('refuses to call a search finished that was cut short', () => {
    expect(() => checkClaims({ protocol: PROTOCOL, bounds: bounds(2, 2, 2, 0) }, 1_000)).toThrow(
      'more than 1000 states',
    );
  });

  test('refuses bounds that its states cannot hold', () => {
    expect(() => checkClaims({ protocol: PROTOCOL, bounds: bounds(5, 1, 1, 0) })).toThrow(RangeError);
    expect(() => checkClaims({ protocol: PROTOCOL, bounds: bounds(1, 1, 3, 3) })).toThrow(RangeError);
  });
});
