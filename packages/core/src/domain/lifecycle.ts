/**
 * The life of a message: which claim wins, which result counts, what a replay does.
 *
 * These are the rules that keep a message from being lost or delivered by two workers at once. They are pure, so that
 * a store can apply them in a transaction and a model checker can walk through every state (lifecycle.model.test.ts).
 *
 * ```
 * QUEUED ──claim──▶ PROCESSING ──▶ SUCCESS
 *    ▲                 │  └──────▶ FAILED ──replay──▶ QUEUED
 *    └── RETRYING ◀────┘
 * ```
 *
 * A round is one wait in a queue. It only grows; an entry is good for its round however often it is handed out, and
 * the claims within a round are fenced by token and lease.
 */

import type { Reason } from './outcome.ts';

export const STATUSES = ['QUEUED', 'PROCESSING', 'RETRYING', 'SUCCESS', 'FAILED'] as const;
export type Status = (typeof STATUSES)[number];

/** The part of a message that changes while it is delivered. */
export interface DeliveryState {
  readonly status: Status;
  readonly round: number;
  /** Within the present plan; a replay starts at 0 again. */
  readonly attempts: number;
  /** Of the worker that has the message now; null unless PROCESSING. */
  readonly token: string | null;
  /**
   * Epoch milliseconds: when a waiting message may be claimed, when the lease of a PROCESSING one ends; null when it
   * has ended.
   */
  readonly due: number | null;
  readonly reason: Reason | null;
  readonly replays: number;
}

export function hasEnded(state: Pick<DeliveryState, 'status'>): boolean {
  return state.status === 'SUCCESS' || state.status === 'FAILED';
}

/**
 * The same state, of a message that may have ended while it was claimed past its plan: that claim made no request, and
 * whoever ended the message did not make the claim.
 */
export function withinPlan(state: DeliveryState, maxAttempts: number): DeliveryState {
  return hasEnded(state) ? { ...state, attempts: Math.min(state.attempts, maxAttempts) } : state;
}

export function initialState(due: number): DeliveryState {
  return { status: 'QUEUED', round: 0, attempts: 0, token: null, due, reason: null, replays: 0 };
}

export type ClaimDecision =
  /** This worker has the attempt until the lease ends. */
  | { readonly kind: 'won'; readonly state: DeliveryState; readonly takeover: boolean }
  /** Another worker has it, or it is not due yet; a copy of the entry must come back after `until`. */
  | { readonly kind: 'busy'; readonly until: number }
  /** The entry is of a round that is over. */
  | { readonly kind: 'stale' };

/**
 * May the holder of an entry of `round` make an attempt now?
 *
 * An entry of the next round can come before the settle that announces it: it is busy while the lease lives, and takes
 * the message over when that worker died between sending the entry and settling. When the attempt that took over settles
 * with a later time, the entry of the dead worker still has the earlier one: the message says when it is due.
 */
export function decideClaim(
  state: DeliveryState,
  round: number,
  claim: { readonly now: number; readonly token: string; readonly leaseUntil: number; readonly maxAttempts: number },
): ClaimDecision {
  const isThisRound = state.round === round;
  const isEarly = state.round === round - 1;
  const won = (takeover: boolean): ClaimDecision => ({
    kind: 'won',
    takeover,
    state: {
      ...state,
      status: 'PROCESSING',
      round,
      // A claim past the plan makes no request: however many of them die, they count as one.
      attempts: Math.min(state.attempts, claim.maxAttempts) + 1,
      token: claim.token,
      due: claim.leaseUntil,
    },
  });

  if (state.status === 'PROCESSING' && (isThisRound || isEarly)) {
    const leaseUntil = state.due ?? 0;
    return leaseUntil <= claim.now ? won(true) : { kind: 'busy', until: leaseUntil };
  }
  const isWaiting = state.status === 'QUEUED' || state.status === 'RETRYING';
  if (!isWaiting || !isThisRound) return { kind: 'stale' };
  const due = state.due ?? 0;
  return due <= claim.now ? won(false) : { kind: 'busy', until: due };
}

/** What a worker reports of the attempt that it claimed. */
export type Result =
  | { readonly kind: 'success' }
  | { readonly kind: 'retry'; readonly due: number }
  | {
      readonly kind: 'failure';
      readonly reason: Reason;
      /** False when the claim was not followed by a request: it does not count as an attempt. */
      readonly requested: boolean;
    };

export type SettleDecision =
  | { readonly kind: 'settled'; readonly state: DeliveryState }
  /** Nothing is written; the entry is no longer needed. */
  | { readonly kind: 'acknowledge' }
  /** Nothing is written; the entry must stay in its queue: whoever took the message over may die. */
  | { readonly kind: 'leave' };

/**
 * Does a result count? Only under the token of the claim, with one exception: SUCCESS is also taken from a worker that
 * lost its lease, while the message has not ended (delivered is delivered).
 */
export function decideSettle(state: DeliveryState, round: number, token: string, result: Result): SettleDecision {
  const isOwner = state.status === 'PROCESSING' && state.token === token;
  const isLateSuccess = result.kind === 'success' && !hasEnded(state);
  if (isOwner || isLateSuccess) return { kind: 'settled', state: settle(state, round, result) };
  return hasEnded(state) || state.round > round ? { kind: 'acknowledge' } : { kind: 'leave' };
}

function settle(state: DeliveryState, round: number, result: Result): DeliveryState {
  switch (result.kind) {
    case 'success':
      return { ...state, status: 'SUCCESS', token: null, due: null, reason: null };
    case 'retry':
      return { ...state, status: 'RETRYING', round: round + 1, token: null, due: result.due };
    case 'failure': {
      const attempts = result.requested ? state.attempts : state.attempts - 1;
      return { ...state, status: 'FAILED', attempts, token: null, due: null, reason: result.reason };
    }
  }
}

/** Rounds that a replay moves on by: an old copy may still carry the round after the present one. */
const REPLAY_ROUNDS = 2;

export type ReplayDecision =
  | { readonly kind: 'replayed'; readonly state: DeliveryState }
  /** Replayed before and not claimed since: its entry is sent again, the message stays as it is. */
  | { readonly kind: 'again' }
  | { readonly kind: 'not-failed' };

/** Sends a FAILED message through a fresh plan. */
export function decideReplay(state: DeliveryState, now: number): ReplayDecision {
  if (state.status === 'FAILED') {
    const replayed = { round: state.round + REPLAY_ROUNDS, attempts: 0, due: now, replays: state.replays + 1 };
    return { kind: 'replayed', state: { ...state, ...replayed, status: 'QUEUED', reason: null } };
  }
  return state.status === 'QUEUED' && state.replays > 0 ? { kind: 'again' } : { kind: 'not-failed' };
}

export type RedriveDecision =
  | { readonly kind: 'settled'; readonly state: DeliveryState }
  /** The message has ended, or another entry stands for it. */
  | { readonly kind: 'acknowledge' }
  /** A worker has it: ask again after `until`. */
  | { readonly kind: 'busy'; readonly until: number };

/** What becomes of a message whose entry its queue has given up: handed out again and again, and never acknowledged. */
export function decideRedrive(state: DeliveryState, round: number, now: number): RedriveDecision {
  if (hasEnded(state) || state.round > round) return { kind: 'acknowledge' };
  const until = state.due ?? 0;
  if (state.status === 'PROCESSING' && until > now) return { kind: 'busy', until };
  return { kind: 'settled', state: { ...state, status: 'FAILED', round, token: null, due: null, reason: 'redriven' } };
}
