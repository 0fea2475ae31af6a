/** The protocol as it is, and versions of it with one rule broken each: a checker that misses one is itself broken. */

import { decideClaim, decideReplay, decideSettle } from '@millrace/core';
import type { Protocol } from './claim-protocol.ts';

export const PROTOCOL: Protocol = {
  claim: decideClaim,
  settle: decideSettle,
  replay: decideReplay,
  handsBackWhenBusy: true,
  givesUpHandingBack: true,
  announcesBeforeSettling: true,
  acknowledgesLast: true,
  stopsAtPlan: true,
};

export const MUTANTS = {
  /** A busy entry is acknowledged without a copy. */
  'ack-busy': { ...PROTOCOL, handsBackWhenBusy: false },
  /** A hand-back that fails is tried again for ever: only a crash frees the worker. */
  'hand-back-forever': { ...PROTOCOL, givesUpHandingBack: false },
  /** A retry is settled before its entry is sent. */
  'settle-first': { ...PROTOCOL, announcesBeforeSettling: false },
  /** An entry whose claim was lost is acknowledged always. */
  'ack-notmine': {
    ...PROTOCOL,
    settle: (...args) => {
      const decision = decideSettle(...args);
      return decision.kind === 'leave' ? { kind: 'acknowledge' } : decision;
    },
  },
  /** The next round's entry is stale when it comes before its settle. */
  'no-early': {
    ...PROTOCOL,
    claim: (state, round, claim) => (round > state.round ? { kind: 'stale' } : decideClaim(state, round, claim)),
  },
  /** A replay moves on by one round only. */
  'replay+1': {
    ...PROTOCOL,
    replay: (state, now) => {
      const decision = decideReplay(state, now);
      if (decision.kind !== 'replayed') return decision;
      return { ...decision, state: { ...decision.state, round: state.round + 1 } };
    },
  },
  /** An entry is acknowledged as soon as its claim has won. */
  'ack-first': { ...PROTOCOL, acknowledgesLast: false },
  /** Nobody takes over from a worker that died. */
  'no-takeover': {
    ...PROTOCOL,
    claim: (state, round, claim) =>
      decideClaim(state, round, { ...claim, now: state.status === 'PROCESSING' ? 0 : claim.now }),
  },
  /** A lease does not keep others away. */
  'takeover-live': {
    ...PROTOCOL,
    claim: (state, round, claim) =>
      decideClaim(state, round, { ...claim, now: state.status === 'PROCESSING' ? Number.MAX_SAFE_INTEGER : claim.now }),
  },
  /** A message is claimed by whatever entry of its round comes, due or not. */
  'before-due': {
    ...PROTOCOL,
    claim: (state, round, claim) =>
      decideClaim(state.status === 'PROCESSING' ? state : { ...state, due: claim.now }, round, claim),
  },
  /** An old entry is as good as a new one. */
  'any-round': {
    ...PROTOCOL,
    claim: (state, round, claim) => decideClaim({ ...state, round }, round, claim),
  },
  /** A takeover is not counted as an attempt. */
  'takeover-uncounted': {
    ...PROTOCOL,
    claim: (state, round, claim) => {
      const decision = decideClaim(state, round, claim);
      if (decision.kind !== 'won' || !decision.takeover) return decision;
      return { ...decision, state: { ...decision.state, attempts: state.attempts } };
    },
  },
  /** A failure counts whoever reports it, and whenever. */
  'late-failure': {
    ...PROTOCOL,
    settle: (state, round, token, result) => {
      if (result.kind !== 'failure') return decideSettle(state, round, token, result);
      return decideSettle({ ...state, status: 'PROCESSING', token }, round, token, result);
    },
  },
  /** A success counts whenever it comes. */
  'late-success': {
    ...PROTOCOL,
    settle: (state, round, token, result) =>
      decideSettle(result.kind === 'success' ? { ...state, status: 'RETRYING' } : state, round, token, result),
  },
  /** A retry counts whoever reports it, while the message has not ended. */
  'late-retry': {
    ...PROTOCOL,
    settle: (state, round, token, result) => {
      const isLate = result.kind === 'retry' && state.status !== 'SUCCESS' && state.status !== 'FAILED';
      return decideSettle(isLate ? { ...state, status: 'PROCESSING', token } : state, round, token, result);
    },
  },
  /** A claim past the plan makes its request. */
  'past-plan': { ...PROTOCOL, stopsAtPlan: false },
} as const satisfies Record<string, Protocol>;
