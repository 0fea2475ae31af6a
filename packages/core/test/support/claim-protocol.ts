/** The rules that the claim model checks, and the row of the model as the real decisions read and write it. */

import type { DeliveryState, decideClaim, decideReplay, decideSettle } from '@millrace/core';
import { hasEnded } from '@millrace/core';
import type { Bounds, Row } from './claim-model.ts';
import { LOST_CLAIM, NOBODY } from './claim-model.ts';

/** The rules under check: the real decisions, and what a worker does around them. */
export interface Protocol {
  readonly claim: typeof decideClaim;
  readonly settle: typeof decideSettle;
  readonly replay: typeof decideReplay;
  /** A worker that is told "busy" hands a copy back before it acknowledges. */
  readonly handsBackWhenBusy: boolean;
  /** A hand-back that fails is given up: the entry is left to the queue. */
  readonly givesUpHandingBack: boolean;
  /** The entry of the next round is sent before the retry is settled. */
  readonly announcesBeforeSettling: boolean;
  /** An entry is acknowledged when its result is settled, and not as soon as its claim has won. */
  readonly acknowledgesLast: boolean;
  /** A claim past the plan makes no request. */
  readonly stopsAtPlan: boolean;
}

/** What stays the same during a search. */
export interface Model {
  readonly protocol: Protocol;
  readonly bounds: Bounds;
}

/** The instant at which everything happens. */
export const NOW = 1_000;

const TOKENS: Readonly<Record<number, string>> = { [LOST_CLAIM]: 'lost', 0: 'w0', 1: 'w1', 2: 'w2', 3: 'w3' };

/** The token of the claims of a worker. */
export function tokenOf(worker: number): string {
  return TOKENS[worker] ?? '';
}

/** The row as the real decisions read it. What is due fell due just now; what is not falls due next. */
export function toDelivery(row: Row): DeliveryState {
  const { status, round, attempts, replays } = row;
  const due = row.isBeforeDue ? NOW + 1 : NOW;
  return {
    status,
    round,
    attempts,
    replays,
    token: row.owner === NOBODY ? null : tokenOf(row.owner),
    due: hasEnded(row) ? null : due,
    reason: status === 'FAILED' ? 'exhausted' : null,
  };
}

/** The row after a decision; `claimant` is the worker whose token a claim has written. */
export function fromDelivery(state: DeliveryState, before: Row, claimant = NOBODY): Row {
  const { status, round, replays, attempts, token, due } = state;
  return {
    status,
    round,
    replays,
    attempts,
    owner: token === null ? NOBODY : claimant,
    isBeforeDue: (due ?? NOW) > NOW,
    requests: replays === before.replays ? before.requests : 0,
  };
}
