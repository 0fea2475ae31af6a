/**
 * The use case: an entry comes from a queue; one worker makes the attempt; its result is stored, with all that must
 * follow from it, before the entry is acknowledged.
 *
 * ```
 * claim ─won──▶ request ──▶ settle ──▶ acknowledge
 *   ├─busy────▶ hand a copy back ────▶ acknowledge
 *   ├─stale──────────────────────────▶ acknowledge
 *   └─missing─▶ keep as an orphan ───▶ acknowledge
 * ```
 */

import {
  type AttemptError,
  type AttemptOutcome,
  bodySize,
  type ClaimResult,
  type Clock,
  describeFailure,
  type Entry,
  type MessageStore,
  outcomeStatus,
  type Reaction,
  type Result,
  react,
  StoreUnavailableError,
} from '@millrace/core';
import { exchangeDeadlineMs, type Target } from './http-target.ts';

/** What the queue must do with an entry: forget it, or hand it out again. */
export type Disposition = 'acknowledge' | 'leave';

/** An attempt that has ended, for logs. */
export interface AttemptReport {
  readonly entry: Entry;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly reaction: Reaction;
  /** Milliseconds from the claim to the result. */
  readonly durationMs: number;
}

export interface DeliverDeps {
  readonly store: Pick<MessageStore, 'claim' | 'settle' | 'handBack' | 'keepOrphans'>;
  readonly target: Target;
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
  /** Told of each attempt when its result is stored. */
  readonly onAttempt?: (report: AttemptReport) => void;
  /** Told why an entry was left to its queue, when it was for an error. */
  readonly onError: (error: unknown) => void;
}

type Won = Extract<ClaimResult, { kind: 'won' }>;

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
  const token = deps.newToken();
  const deadlineMs = exchangeDeadlineMs(entry.request, deps.requestTimeoutMs);
  const [claim] = await deps.store.claim([{ entry, token, leaseMs: deadlineMs + LEASE_MARGIN_MS }]);
  switch (claim?.kind) {
    case 'won':
      return attempt(entry, token, claim, deadlineMs, deps);
    case 'busy':
      await deps.store.handBack([{ entry, until: claim.until }]);
      return 'acknowledge';
    case 'stale':
      return 'acknowledge';
    case 'missing':
      await deps.store.keepOrphans([entry]);
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
  deps: DeliverDeps,
): Promise<Disposition> {
  const startedAt = deps.clock.now();
  const isCovered = startedAt + deadlineMs <= claim.leaseUntil;
  if (!isCovered) return 'leave';

  const outcome =
    outcomeWithoutRequest(entry, claim, startedAt) ??
    outcomeOfTooLarge(entry, deadlineMs, deps.longestExchangeMs) ??
    (await deps.target.send(entry, deadlineMs));
  const now = deps.clock.now();
  const { maxAttempts, expiresAt } = entry;
  const reaction = react(outcome, { attempt: claim.attempt, maxAttempts, expiresAt, now, random: deps.random() });
  const message = describeFailure(outcome);
  const error: AttemptError | null = message === null ? null : { statusCode: outcomeStatus(outcome), message };
  const until = Math.min(claim.leaseUntil, deps.stoppedAt ?? Number.POSITIVE_INFINITY);
  const disposition = await settle(entry, token, until, toResult(reaction, outcome), error, deps);
  deps.onAttempt?.({ entry, attempt: claim.attempt, outcome, reaction, durationMs: now - startedAt });
  return disposition;
}

/** What is known without asking the target; undefined when it must be asked. */
function outcomeWithoutRequest(entry: Entry, claim: Won, now: number): AttemptOutcome | undefined {
  if (claim.attempt > entry.maxAttempts) return { kind: 'interrupted' };
  if (now >= entry.expiresAt) return { kind: 'expired' };
  return undefined;
}

/** A body can be so large that no invocation would ever have the time for it. */
export function isTooLarge({ request }: Pick<Entry, 'request'>, deadlineMs: number, longestMs: number): boolean {
  return request.payload !== undefined && deadlineMs > longestMs;
}

function outcomeOfTooLarge(
  entry: Entry,
  deadlineMs: number,
  longestMs = Number.POSITIVE_INFINITY,
): AttemptOutcome | undefined {
  if (!isTooLarge(entry, deadlineMs, longestMs)) return undefined;
  const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1_000));
  const needed = `a body of ${bodySize(entry.request)} bytes may take ${seconds(deadlineMs)} s`;
  const detail = `${needed}, and the timeout of the function leaves ${seconds(longestMs)} s: raise it`;
  return { kind: 'blocked', detail };
}

/** Outcomes of which the target has seen nothing. */
const WITHOUT_REQUEST: ReadonlySet<AttemptOutcome['kind']> = new Set([
  'interrupted',
  'expired',
  'blocked',
  'payload-missing',
]);

function toResult(reaction: Reaction, outcome: AttemptOutcome): Result {
  switch (reaction.kind) {
    case 'succeed':
      return { kind: 'success' };
    case 'retry':
      return { kind: 'retry', due: reaction.due };
    case 'dead-letter':
      return { kind: 'failure', reason: reaction.reason, requested: !WITHOUT_REQUEST.has(outcome.kind) };
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
): Promise<Disposition> {
  for (;;) {
    try {
      const [settled] = await deps.store.settle([{ entry, token, result, error }]);
      return settled === 'settled' || settled === 'acknowledge' ? 'acknowledge' : 'leave';
    } catch (failure) {
      const mayRetry = failure instanceof StoreUnavailableError && deps.clock.now() + SETTLE_RETRY_MS < until;
      if (!mayRetry) throw failure;
      await deps.sleep(SETTLE_RETRY_MS);
    }
  }
}
