/**
 * Everything that can happen next in a state of the claim model: to the queue, to the time, by a client or an operator
 * who asks again, by a worker, and a crash of a worker between any two of its steps.
 */

import type { State } from './claim-model.ts';
import { hasRoom, released, sent } from './claim-model.ts';
import type { Model } from './claim-protocol.ts';
import { fromDelivery, NOW, toDelivery } from './claim-protocol.ts';
import { workerSteps } from './claim-worker.ts';

export interface Step {
  readonly label: string;
  readonly isCrash: boolean;
  readonly next: State;
}

/** Every step that is possible, a crash of each worker included. */
export function stepsFrom(state: State, model: Model): Step[] {
  const steps = [
    ...acceptSteps(state, model),
    ...visibilitySteps(state),
    ...timeSteps(state),
    ...replaySteps(state, model),
  ];
  for (const [index, worker] of state.workers.entries()) {
    if (worker.phase === 'idle') {
      steps.push(...receiveSteps(state, index));
      continue;
    }
    steps.push({ label: `worker ${index} crashes`, isCrash: true, next: released(state, index) });
    for (const { label, next } of workerSteps({ state, index, worker, ...model })) {
      steps.push(step(`worker ${index} ${label}`, next));
    }
  }
  return steps;
}

function step(label: string, next: State): Step {
  return { label, isCrash: false, next };
}

/** A client sends its message, again and again; as long as it was never claimed, that sends the entry. */
function acceptSteps(state: State, { bounds }: Model): Step[] {
  const wasClaimed = state.row.status !== 'QUEUED' || state.row.replays > 0;
  return wasClaimed || !hasRoom(state, bounds) ? [] : [step('accept sends the entry', sent(state, state.row.round))];
}

function visibilitySteps(state: State): Step[] {
  return state.copies.flatMap((copy, index) => {
    if (copy.isVisible) return [];
    const copies = state.copies.with(index, { ...copy, isVisible: true });
    return [step(`visibility of a copy of ${copy.round} expires`, { ...state, copies })];
  });
}

function timeSteps(state: State): Step[] {
  if (!state.row.isBeforeDue) return [];
  const label = state.row.status === 'PROCESSING' ? 'lease ends' : 'falls due';
  return [step(label, { ...state, row: { ...state.row, isBeforeDue: false } })];
}

/** A replay writes the row, then sends the entry; the operator may be gone in between, and replay again. */
function replaySteps(state: State, { protocol, bounds }: Model): Step[] {
  const decision = protocol.replay(toDelivery(state.row), NOW);
  if (decision.kind === 'not-failed') return [];
  if (decision.kind === 'again') {
    return hasRoom(state, bounds) ? [step('replay sends the entry again', sent(state, state.row.round))] : [];
  }
  if (state.row.replays >= bounds.replays) return [];
  const next = { ...state, row: fromDelivery(decision.state, state.row) };
  return [
    step('replay writes the row only', next),
    step('replay writes the row and sends the entry', sent(next, next.row.round)),
  ];
}

function receiveSteps(state: State, worker: number): Step[] {
  return state.copies.flatMap((copy, index) => {
    if (!copy.isVisible) return [];
    const copies = state.copies.with(index, { ...copy, isVisible: false, holders: copy.holders | (1 << worker) });
    const workers = state.workers.with(worker, { phase: 'received', round: copy.round, attempt: 0 });
    return [step(`worker ${worker} receives a copy of ${copy.round}`, { ...state, copies, workers })];
  });
}
