/** Walks through every reachable state of the claim model and checks what must hold. */

import { hasEnded } from '@millrace/core';
import { decode, encode } from './claim-encoding.ts';
import type { Bounds, State } from './claim-model.ts';
import { describeState, initialState } from './claim-model.ts';
import type { Model } from './claim-protocol.ts';
import type { Step } from './claim-steps.ts';
import { stepsFrom } from './claim-steps.ts';

export interface Report {
  /** Reachable states; when a rule is broken, those seen until then. */
  readonly states: number;
  /** The first rule that a step breaks, or null. */
  readonly violation: string | null;
  /** States from which the message can never end, even when nothing crashes any more; 0 when a rule was broken. */
  readonly lost: number;
  /** The shortest way to the broken rule or to a lost state, a step and the state after it a line. */
  readonly trace: readonly string[];
}

/** @throws Error when there are more than `maxStates`: nothing was shown then. */
export function checkClaims(model: Model, maxStates = 2_000_000): Report {
  const { bounds } = model;
  const numbers = new Map<string, number>();
  const keys: string[] = [];
  const parents: number[] = [];
  const ended: number[] = [];
  const edges: Edges = { from: [], to: [] };

  const visit = (state: State, parent: number): number => {
    const key = encode(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = keys.length;
    if (number >= maxStates) throw new Error(`more than ${maxStates} states`);
    numbers.set(key, number);
    keys.push(key);
    parents.push(parent);
    if (hasEnded(state.row)) ended.push(number);
    return number;
  };
  const traceTo = (number: number, ...further: State[]): string[] => {
    const path = pathTo(number, parents).map((at) => keys[at] ?? '');
    return linesOf(traceOf([...path, ...further.map(encode)], model));
  };

  visit(initialState(bounds), -1);
  // The search is breadth first: the first state that breaks a rule, or is lost, is the nearest to the start.
  for (let number = 0; number < keys.length; number++) {
    const state = decode(keys[number] ?? '', bounds);
    for (const step of stepsFrom(state, model)) {
      const violation = violationOf(state, step, bounds);
      if (violation !== null) return { states: keys.length, violation, lost: 0, trace: traceTo(number, step.next) };
      const next = visit(step.next, number);
      if (step.isCrash || next === number) continue;
      edges.from.push(number);
      edges.to.push(next);
    }
  }

  const canEnd = reachBackwards(keys.length, edges, ended);
  const first = canEnd.indexOf(0);
  return {
    states: keys.length,
    violation: null,
    lost: canEnd.reduce((lost, mark) => lost + 1 - mark, 0),
    trace: first === -1 ? [] : traceTo(first),
  };
}

/** What a single step must never do. */
function violationOf({ row: before }: State, { next: { row: after } }: Step, bounds: Bounds): string | null {
  if (before.status === 'SUCCESS' && after.status !== 'SUCCESS') return 'SUCCESS is final';
  const isReplay = after.replays > before.replays;
  if (before.status === 'FAILED' && after.status !== 'FAILED' && !isReplay) return 'FAILED is final until a replay';
  if (after.requests > bounds.maxAttempts) return 'no request is made past the plan';
  if (after.round < before.round) return 'rounds only grow';
  const isNewClaim = after.owner >= 0 && after.owner !== before.owner;
  if (!before.isBeforeDue || !isNewClaim) return null;
  return before.status === 'PROCESSING'
    ? 'nobody takes over while the lease lives'
    : 'nothing is claimed before its time';
}

interface Edges {
  readonly from: number[];
  readonly to: number[];
}

/** Marks with 1 every state from which a goal can be reached. */
function reachBackwards(states: number, { from, to }: Edges, goals: readonly number[]): Uint8Array {
  const { starts, sources } = incoming(states, from, to);
  const marked = new Uint8Array(states);
  const pending: number[] = [];
  const mark = (index: number) => {
    if (marked[index] === 1) return;
    marked[index] = 1;
    pending.push(index);
  };
  for (const goal of goals) mark(goal);
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    for (const source of sources.subarray(starts[index], starts[index + 1])) mark(source);
  }
  return marked;
}

/** The sources of the edges into state i are `sources[starts[i]]` up to `sources[starts[i + 1]]`. */
function incoming(states: number, from: number[], to: number[]): { starts: Uint32Array; sources: Uint32Array } {
  const starts = new Uint32Array(states + 2);
  for (const target of to) starts[target + 2] = (starts[target + 2] ?? 0) + 1;
  for (let index = 2; index < starts.length; index++) starts[index] = (starts[index] ?? 0) + (starts[index - 1] ?? 0);
  const sources = new Uint32Array(from.length);
  for (const [edge, target] of to.entries()) {
    const slot = starts[target + 1] ?? 0;
    sources[slot] = from[edge] ?? 0;
    starts[target + 1] = slot + 1;
  }
  return { starts, sources };
}

function pathTo(number: number, parents: readonly number[]): number[] {
  const path: number[] = [];
  for (let at = number; at >= 0; at = parents[at] ?? -1) path.push(at);
  return path.reverse();
}

/** The steps along a path. Worker names stay the same all along, which the encoded states do not promise. */
function traceOf([, ...keys]: readonly string[], model: Model): Step[] {
  const steps: Step[] = [];
  let state = initialState(model.bounds);
  for (const key of keys) {
    const step = stepsFrom(state, model).find(({ next }) => encode(next) === key);
    if (step === undefined) throw new Error('two states with one code differ in what can follow them');
    steps.push(step);
    state = step.next;
  }
  return steps;
}

function linesOf(steps: readonly Step[]): string[] {
  return steps.map(({ label, next }) => `${label} → ${describeState(next)}`);
}
