/**
 * The use case: an entry comes from a queue; one worker makes the attempt; its result is stored, with all that must
 * follow from it, before the entry is acknowledged.
 *
 * ```
 * gate ──wait──▶ hand a copy back ───▶ acknowledge
 *   │ go, or held
 * claim ─won──▶ request ──▶ settle ──▶ acknowledge     held: without the request
 *   ├─busy────▶ hand a copy back ────▶ acknowledge
 *   ├─stale──────────────────────────▶ acknowledge
 *   └─missing─▶ keep as an orphan ───▶ acknowledge
 * ```
 */

import {
  type AttemptError,
  type AttemptOutcome,
  type Clock,
  describeFailure,
  type Entry,
  type MessageStore,
  outcomeStatus,
  type Reaction,
  type Result,
  react,
  type SettleResult,
  StoreUnavailableError,
} from '@millrace/core';
import { type Admitted, outcomeWithoutRequest, toResult, type Won } from './attempt-result.ts';
import type { ExchangeTimings } from './exchange-timings.ts';
import type { Admission, TargetGate } from './gate/target-gate.ts';
import { exchangeDeadlineMs } from './http-target.ts';
import { prepareSend, type SignedSend, type SigningDeps } from './signed-send.ts';

/** What the queue must do with an entry: forget it, or hand it out again. */
export type Disposition = 'acknowledge' | 'leave';

/** An attempt that has ended, for logs and metrics. */
export interface AttemptReport {
  readonly entry: Entry;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly reaction: Reaction;
  /** What the store made of the result: it counts when it is `settled`. Undefined when the store did not take it. */
  readonly settled: SettleResult | undefined;
  /** Epoch milliseconds: when the claim was won, just before the request. */
  readonly startedAt: number;
  /** Milliseconds from the claim to the result. */
  readonly durationMs: number;
  /** Of the request; undefined when none was made, or its target does not measure. */
  readonly timings: ExchangeTimings | undefined;
  /** Epoch milliseconds: when the message was accepted, or replayed last; undefined when the store did not tell. */
  readonly since: number | undefined;
}

export interface DeliverDeps extends SigningDeps {
  readonly store: Pick<MessageStore, 'claim' | 'settle' | 'handBack' | 'keepOrphans'>;
  /** Asked before each claim; without it, every message goes. */
  readonly gate?: Pick<TargetGate, 'ask'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A new one for every claim. */
  readonly newToken: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds that an exchange may take, without what the size of its body adds. */
  readonly requestTimeoutMs: number;
  /**
   * Milliseconds that an exchange may take where the process is stopped from outside after some time: one that may need
   * more is never begun.
   */
  readonly longestExchangeMs?: number;
  /** Epoch milliseconds: when the process is stopped from outside. Before it, results are given up. */
  readonly stoppedAt?: number;
  /** Told of each attempt when its result is stored, or could not be. */
  readonly onAttempt?: (report: AttemptReport) => void;
  /** Told of an entry that belongs to no message, when it is kept. */
  readonly onOrphan?: (entry: Entry) => void;
  /** Told why an entry was left to its queue, when it was for an error. */
  readonly onError: (error: unknown) => void;
}

/** A lease outlives its request by this, so that the result can be stored under it. */
const LEASE_MARGIN_MS = 15_000;
/** Between two tries to store a result. */
const SETTLE_RETRY_MS = 250;

/**
 * Delivers each entry, all at once and each for itself; the answers stand in the order of the entries. Never throws: an
 * entry that the store could not be asked about, or whose result it did not take, is left to its queue.
 */
export function deliver(entries: readonly Entry[], deps: DeliverDeps): Promise<readonly Disposition[]> {
  return Promise.all(entries.map((entry) => deliverOrLeave(entry, deps)));
}

async function deliverOrLeave(entry: Entry, deps: DeliverDeps): Promise<Disposition> {
  try {
    return await deliverOne(entry, deps);
  } catch (error) {
    deps.onError(error);
    return 'leave';
  }
}

async function deliverOne(entry: Entry, deps: DeliverDeps): Promise<Disposition> {
  const deadlineMs = exchangeDeadlineMs(entry.request, deps.requestTimeoutMs);
  const admission = await admit(entry, deadlineMs + LEASE_MARGIN_MS, deps);
  if (admission.kind === 'wait') {
    // What must not wait any longer than it lives ends when it comes back.
    await deps.store.handBack([{ entry, until: Math.min(admission.until, entry.expiresAt) }]);
    return 'acknowledge';
  }
  try {
    return await deliverAdmitted(entry, deadlineMs, admission, deps);
  } finally {
    if (admission.kind === 'go') admission.end(null);
  }
}

const GO: Admission = { kind: 'go', end: () => undefined };

async function admit(entry: Entry, leaseMs: number, { gate, clock }: DeliverDeps): Promise<Admission> {
  const isExpired = clock.now() >= entry.expiresAt;
  return gate === undefined || isExpired ? GO : await gate.ask(entry, leaseMs);
}

async function deliverAdmitted(
  entry: Entry,
  deadlineMs: number,
  admission: Admitted,
  deps: DeliverDeps,
): Promise<Disposition> {
  // Before the claim: what cannot be signed now uses up no attempt.
  const send = await prepareSend(entry, deps);
  const token = deps.newToken();
  const [claim] = await deps.store.claim([{ entry, token, leaseMs: deadlineMs + LEASE_MARGIN_MS }]);
  switch (claim?.kind) {
    case 'won':
      return attempt(entry, token, claim, deadlineMs, admission, { ...deps, send });
    case 'busy':
      await deps.store.handBack([{ entry, until: claim.until }]);
      return 'acknowledge';
    case 'stale':
      return 'acknowledge';
    case 'missing':
      await deps.store.keepOrphans([entry]);
      deps.onOrphan?.(entry);
      return 'acknowledge';
    case undefined:
      throw new Error('the store gave no answer to a claim');
  }
}

async function attempt(
  entry: Entry,
  token: string,
  claim: Won,
  deadlineMs: number,
  admission: Admitted,
  deps: DeliverDeps & { readonly send: SignedSend },
): Promise<Disposition> {
  const startedAt = deps.clock.now();
  const isCovered = startedAt + deadlineMs <= claim.leaseUntil;
  if (!isCovered) return 'leave';

  const measured: { timings?: ExchangeTimings } = {};
  const observe = (timings: ExchangeTimings): void => {
    measured.timings = timings;
  };
  const { longestExchangeMs } = deps;
  const withoutRequest = outcomeWithoutRequest(entry, claim, admission, { startedAt, deadlineMs, longestExchangeMs });
  const outcome = withoutRequest ?? (await deps.send(deadlineMs, startedAt, observe));
  if (admission.kind === 'go') admission.end(outcome);
  const now = deps.clock.now();
  const { maxAttempts, expiresAt } = entry;
  const reaction = react(outcome, { attempt: claim.attempt, maxAttempts, expiresAt, now, random: deps.random() });
  const message = describeFailure(outcome);
  const error: AttemptError | null = message === null ? null : { statusCode: outcomeStatus(outcome), message };
  const until = Math.min(claim.leaseUntil, deps.stoppedAt ?? Number.POSITIVE_INFINITY);
  let settled: SettleResult | undefined;
  try {
    settled = await settle(entry, token, until, toResult(reaction, outcome), error, deps);
    return settled === 'settled' || settled === 'acknowledge' ? 'acknowledge' : 'leave';
  } finally {
    const { attempt, since } = claim;
    const { timings } = measured;
    const durationMs = now - startedAt;
    deps.onAttempt?.({ entry, attempt, outcome, reaction, settled, startedAt, durationMs, timings, since });
  }
}

/** A result is known only here: it is offered to the store until it is taken, or the time is over. */
async function settle(
  entry: Entry,
  token: string,
  until: number,
  result: Result,
  error: AttemptError | null,
  deps: DeliverDeps,
): Promise<SettleResult | undefined> {
  for (;;) {
    try {
      const [settled] = await deps.store.settle([{ entry, token, result, error }]);
      return settled;
    } catch (failure) {
      const mayRetry = failure instanceof StoreUnavailableError && deps.clock.now() + SETTLE_RETRY_MS < until;
      if (!mayRetry) throw failure;
      await deps.sleep(SETTLE_RETRY_MS);
    }
  }
}
