/** What a worker of the claim model may do next, in the order of writes that AWS needs. */

import type { Result } from '@millrace/core';
import type { Phase, State, Worker } from './claim-model.ts';
import { acknowledged, hasRoom, moved, released, sent } from './claim-model.ts';
import type { Model } from './claim-protocol.ts';
import { fromDelivery, NOW, toDelivery, tokenOf } from './claim-protocol.ts';

/** A worker that holds an entry, and the state that it finds. */
interface Turn extends Model {
  readonly state: State;
  readonly index: number;
  readonly worker: Worker;
}

interface Move {
  readonly label: string;
  readonly next: State;
}

/** The next moves of a worker that is not idle: several where an answer or a write decides. */
export function workerSteps(turn: Turn): Move[] {
  switch (turn.worker.phase) {
    case 'idle':
      return [];
    case 'received':
      return [claim(turn)];
    case 'requesting':
      return answers(turn);
    case 'succeeded':
      return [settle(turn, { kind: 'success' }, 'acknowledging')];
    case 'retrying':
      if (turn.protocol.announcesBeforeSettling) return [announce(turn, 'announced')];
      return [settle(turn, { kind: 'retry', due: NOW + 1 }, 'unannounced')];
    case 'announced':
      return [settle(turn, { kind: 'retry', due: NOW + 1 }, 'acknowledging')];
    case 'unannounced':
      return [announce(turn, 'acknowledging')];
    case 'failed':
      return [settle(turn, { kind: 'failure', reason: 'exhausted', requested: true }, 'acknowledging')];
    case 'interrupted':
      return [settle(turn, { kind: 'failure', reason: 'interrupted', requested: false }, 'acknowledging')];
    case 'handing-back':
      return handBack(turn);
    case 'acknowledging':
      return [{ label: 'acknowledges', next: released(acknowledged(turn.state, turn.index), turn.index) }];
  }
}

function claim({ state, index, worker, protocol, bounds }: Turn): Move {
  const request = { now: NOW, token: tokenOf(index), leaseUntil: NOW + 1, maxAttempts: bounds.maxAttempts };
  const decision = protocol.claim(toDelivery(state.row), worker.round, request);
  if (decision.kind === 'stale') return { label: 'is told: stale', next: moved(state, index, 'acknowledging') };
  if (decision.kind === 'busy') {
    const phase = protocol.handsBackWhenBusy ? 'handing-back' : 'acknowledging';
    return { label: 'is told: busy', next: moved(state, index, phase) };
  }

  const row = fromDelivery(decision.state, state.row, index);
  const { attempts } = row;
  const label = decision.takeover ? `takes attempt ${attempts} over` : `wins attempt ${attempts}`;
  const before = protocol.acknowledgesLast ? state : acknowledged(state, index);
  if (attempts > bounds.maxAttempts && protocol.stopsAtPlan) {
    return { label, next: moved({ ...before, row }, index, 'interrupted') };
  }
  const counted = { ...before, row: { ...row, requests: row.requests + 1 } };
  return { label, next: moved(counted, index, 'requesting', attempts) };
}

function answers({ state, index, worker, bounds }: Turn): Move[] {
  const final = [
    { label: 'gets a 2xx', next: moved(state, index, 'succeeded') },
    { label: 'gets a failure that ends the message', next: moved(state, index, 'failed') },
  ];
  if (worker.attempt >= bounds.maxAttempts) return final;
  return [...final, { label: 'gets a failure to retry', next: moved(state, index, 'retrying') }];
}

/**
 * Sends the entry of the next round. The worker does not look at the row first: it could not do so and send in one
 * step, so a check would not keep one from sending that has just lost its lease.
 */
function announce({ state, index, worker }: Turn, phase: Phase): Move {
  return { label: 'sends the next entry', next: sent(moved(state, index, phase), worker.round + 1) };
}

function settle({ state, index, worker, protocol }: Turn, result: Result, phase: Phase): Move {
  const decision = protocol.settle(toDelivery(state.row), worker.round, tokenOf(index), result);
  const label = `settles ${result.kind}: ${decision.kind}`;
  if (decision.kind === 'leave') return { label, next: released(state, index) };
  if (decision.kind === 'acknowledge') return { label, next: moved(state, index, 'acknowledging') };
  const row = fromDelivery(decision.state, state.row);
  return { label, next: moved({ ...state, row }, index, phase) };
}

function handBack({ state, index, worker, protocol, bounds }: Turn): Move[] {
  const fails = { label: 'fails to hand a copy back', next: released(state, index) };
  const succeeds = { label: 'hands a copy back', next: sent(moved(state, index, 'acknowledging'), worker.round) };
  return [...(protocol.givesUpHandingBack ? [fails] : []), ...(hasRoom(state, bounds) ? [succeeds] : [])];
}
