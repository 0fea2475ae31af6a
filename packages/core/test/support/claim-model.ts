/**
 * States of an explicit-state model of claim and settle: one message, a queue that hands out copies, workers that may
 * die at any step. The decisions are those of `domain/lifecycle.ts` itself; the model adds what surrounds them: what
 * the queue does, and in which order a worker writes (that of AWS, where every write stands alone; a store that does
 * several in one transaction has fewer states).
 *
 * Time is abstracted to whether the lease lives, and whether a message that waits is due.
 */

import type { DeliveryState } from '@millrace/core';

/** The size of the model: what is checked holds within these bounds. */
export interface Bounds {
  readonly workers: number;
  /**
   * Copies that the queue can hold before hand-backs fail, and clients and operators stop repeating themselves: what
   * could add copies for ever. The entries of retries and replays always find room, so that no state waits for it.
   */
  readonly capacity: number;
  readonly maxAttempts: number;
  readonly replays: number;
}

/** The row of the message, reduced to what decisions look at. */
export interface Row extends Pick<DeliveryState, 'status' | 'round' | 'replays'> {
  /**
   * Held at `maxAttempts + 1`: claims past the plan could go on counting for ever as each worker dies, and no decision
   * tells them apart.
   */
  readonly attempts: number;
  /** Whose claim the row carries: a worker, or `NOBODY`, or `LOST_CLAIM`, which no worker remembers. */
  readonly owner: number;
  /** The lease of a claim lives; the time of a message that waits has not come. */
  readonly isBeforeDue: boolean;
  /** No decision sees it: the claims of the present plan that were free to make a request. */
  readonly requests: number;
}

export const NOBODY = -1;
export const LOST_CLAIM = -2;

/** One copy of an entry in the queue. */
export interface Copy {
  readonly round: number;
  readonly isVisible: boolean;
  /** Bit w is set when worker w has received it. Several may hold one copy, because its visibility expires. */
  readonly holders: number;
}

export const PHASES = [
  'idle',
  /** Has received a copy and not yet claimed. */
  'received',
  'requesting',
  /** Has a 2xx and not yet settled. */
  'succeeded',
  /** Has an answer that asks for a retry; nothing is written yet. */
  'retrying',
  /** The entry of the next round is sent, the retry not yet settled. */
  'announced',
  /** Mutant only: the retry is settled, the entry of the next round not yet sent. */
  'unannounced',
  /** Has a failure without a retry and not yet settled. */
  'failed',
  /** Claimed past the plan, made no request, and has not yet settled. */
  'interrupted',
  /** Was told that the message is busy. */
  'handing-back',
  'acknowledging',
] as const;
export type Phase = (typeof PHASES)[number];

export interface Worker {
  readonly phase: Phase;
  /** Of the entry that it holds. */
  readonly round: number;
  /** Of its claim while it makes the request, otherwise 0. */
  readonly attempt: number;
}

const IDLE: Worker = { phase: 'idle', round: 0, attempt: 0 };

export interface State {
  readonly row: Row;
  readonly workers: readonly Worker[];
  /** In no order. */
  readonly copies: readonly Copy[];
}

/**
 * A message that is stored and whose entry is not yet sent: the client has no answer.
 * @throws RangeError when the bounds leave what `encode` can hold.
 */
export function initialState(bounds: Bounds): State {
  const lastRound = (bounds.maxAttempts + 2) * (bounds.replays + 1);
  if (bounds.workers > 4 || bounds.maxAttempts > 14 || lastRound > 15) {
    throw new RangeError('at most 4 workers, and (attempts + 2) * (replays + 1) at most 15');
  }
  return {
    row: { status: 'QUEUED', round: 0, attempts: 0, owner: NOBODY, isBeforeDue: false, replays: 0, requests: 0 },
    workers: Array.from({ length: bounds.workers }, () => IDLE),
    copies: [],
  };
}

const ROUNDLESS: ReadonlySet<Phase> = new Set(['idle', 'acknowledging']);

/** One line for people. */
export function describeState({ row, workers, copies }: State): string {
  const owner = row.owner === LOST_CLAIM ? ' of a lost claim' : row.owner === NOBODY ? '' : ` of worker ${row.owner}`;
  const wait = row.isBeforeDue ? ', not due' : '';
  const lease = row.status === 'PROCESSING' ? `${owner}, lease ${row.isBeforeDue ? 'live' : 'over'}` : wait;
  const queue = copies.map((copy) => `${copy.round}${copy.isVisible ? '' : ' hidden'}`).join(', ');
  const work = workers.map(({ phase, round }) => (ROUNDLESS.has(phase) ? phase : `${phase} ${round}`)).join(', ');
  return `${row.status}${lease}, round ${row.round}, attempts ${row.attempts} | queue: ${queue} | workers: ${work}`;
}

/** The worker goes on to `phase`. Once its result is settled or given up, its claim is of no more use to it. */
export function moved(state: State, worker: number, phase: Phase, attempt = 0): State {
  const round = phase === 'acknowledging' ? 0 : (state.workers[worker]?.round ?? 0);
  const next = { ...state, workers: state.workers.with(worker, { phase, round, attempt }) };
  return phase === 'acknowledging' || phase === 'handing-back' ? withoutClaim(next, worker) : next;
}

/** The worker forgets everything; a copy that it held is left to the queue. */
export function released(state: State, worker: number): State {
  const copies = state.copies.map((copy) => ({ ...copy, holders: copy.holders & ~(1 << worker) }));
  return withoutClaim({ ...state, copies, workers: state.workers.with(worker, IDLE) }, worker);
}

function withoutClaim(state: State, worker: number): State {
  return state.row.owner === worker ? { ...state, row: { ...state.row, owner: LOST_CLAIM } } : state;
}

/** The copy that the worker holds leaves the queue, unless another worker has acknowledged it before. */
export function acknowledged(state: State, worker: number): State {
  return { ...state, copies: state.copies.filter((copy) => (copy.holders & (1 << worker)) === 0) };
}

/** A copy of the entry of `round` joins the queue. */
export function sent(state: State, round: number): State {
  return { ...state, copies: [...state.copies, { round, isVisible: true, holders: 0 }] };
}

/** Whether what could go on for ever may add another copy. */
export function hasRoom(state: State, bounds: Bounds): boolean {
  return state.copies.length < bounds.capacity;
}
