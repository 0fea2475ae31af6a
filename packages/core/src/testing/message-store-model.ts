/**
 * The rules of delivery.md once more, as short as they can be said, for messages in memory: what any `MessageStore`
 * must answer to any sequence of calls. Written apart from `domain/lifecycle.ts`, which it checks.
 */

import type { Status } from '../domain/lifecycle.ts';
import type { ClaimResult, Counts, SettleResult } from '../ports/message-store.ts';
import { DEDUPE_MS, FAILED_MS } from './message-store-steps.ts';

export interface ModelMessage {
  readonly content: string;
  readonly maxAttempts: number;
  status: Status;
  round: number;
  attempts: number;
  pastAttempts: number;
  replays: number;
  /** When it was accepted, or replayed last. */
  since: number;
  /** Of the claim that has the message. */
  token: string | undefined;
  /** When the next attempt may start, or the lease ends; null when ended. */
  due: number | null;
  /** From when on its identity is free again. */
  forgottenAt: number;
  /** Up to this round entries may come that were sent before it was forgotten and accepted anew; -1 when it was not. */
  readonly earlierRound: number;
}

/** How an attempt ended, as a worker tells it. */
export type ModelResult =
  | { readonly kind: 'success' }
  | { readonly kind: 'retry'; readonly due: number }
  | { readonly kind: 'failure'; readonly requested: boolean };

export interface MessageStoreModel {
  readonly messages: Map<string, ModelMessage>;
  accepted: number;
  succeeded: number;
  failed: number;
}

export function createModel(): MessageStoreModel {
  return { messages: new Map(), accepted: 0, succeeded: 0, failed: 0 };
}

export function modelCounts(
  { accepted, succeeded, failed, messages }: MessageStoreModel,
  countsForgotten: boolean,
): Counts {
  const all = [...messages.values()];
  const waiting = all.filter((message) => message.due !== null).length;
  if (countsForgotten) return { accepted, succeeded, failed, waiting };
  const count = (status: Status): number => all.filter((message) => message.status === status).length;
  return { accepted: all.length, succeeded: count('SUCCESS'), failed: count('FAILED'), waiting };
}

export function modelAccept(
  model: MessageStoreModel,
  key: string,
  plan: Pick<ModelMessage, 'content' | 'maxAttempts'>,
  now: number,
): 'accepted' | 'duplicate' | 'conflict' {
  const known = model.messages.get(key);
  if (known !== undefined && now < known.forgottenAt) return known.content === plan.content ? 'duplicate' : 'conflict';
  model.accepted += 1;
  model.messages.set(key, {
    ...plan,
    earlierRound: known === undefined ? -1 : Math.max(known.earlierRound, known.round + 1),
    status: 'QUEUED',
    round: 0,
    attempts: 0,
    pastAttempts: 0,
    replays: 0,
    token: undefined,
    since: now,
    due: now,
    forgottenAt: Number.POSITIVE_INFINITY,
  });
  return 'accepted';
}

export function modelClaim(
  message: ModelMessage,
  round: number,
  claim: { readonly token: string; readonly now: number; readonly leaseMs: number },
): ClaimResult {
  const { status, due } = message;
  const leaseUntil = claim.now + claim.leaseMs;
  const isWaiting = (status === 'QUEUED' || status === 'RETRYING') && round === message.round;
  const isProcessed = status === 'PROCESSING' && (round === message.round || round === message.round + 1);
  if (due === null || !(isWaiting || isProcessed)) return { kind: 'stale' };
  if (claim.now < due) return { kind: 'busy', until: due };
  message.status = 'PROCESSING';
  message.round = round;
  message.attempts = Math.min(message.attempts + 1, message.maxAttempts + 1);
  message.token = claim.token;
  message.due = leaseUntil;
  return { kind: 'won', attempt: message.attempts, leaseUntil, takeover: isProcessed, since: message.since };
}

export function modelSettle(
  model: MessageStoreModel,
  message: ModelMessage,
  claim: { readonly round: number; readonly token: string },
  result: ModelResult,
  now: number,
): SettleResult {
  const isLost = message.token !== claim.token;
  const hasEnded = message.due === null;
  if (isLost && (hasEnded || result.kind !== 'success')) {
    return hasEnded || message.round > claim.round ? 'acknowledge' : 'leave';
  }
  message.token = undefined;
  switch (result.kind) {
    case 'success':
      Object.assign(message, { status: 'SUCCESS', due: null, forgottenAt: now + DEDUPE_MS });
      message.attempts = Math.min(message.attempts, message.maxAttempts);
      model.succeeded += 1;
      break;
    case 'failure':
      Object.assign(message, { status: 'FAILED', due: null, forgottenAt: now + FAILED_MS });
      message.attempts -= result.requested ? 0 : 1;
      model.failed += 1;
      break;
    case 'retry':
      Object.assign(message, { status: 'RETRYING', due: result.due, round: claim.round + 1 });
  }
  return 'settled';
}

/** True when the message counts as replayed. */
export function modelReplay(model: MessageStoreModel, message: ModelMessage, now: number): boolean {
  if (message.status !== 'FAILED') return message.status === 'QUEUED' && message.replays > 0;
  message.status = 'QUEUED';
  message.round += 2;
  message.pastAttempts += message.attempts;
  message.attempts = 0;
  message.replays += 1;
  message.since = now;
  message.due = now;
  message.forgottenAt = Number.POSITIVE_INFINITY;
  model.failed -= 1;
  return true;
}

/** Every lease that lives ends now. */
export function modelEndLeases(model: MessageStoreModel, now: number): void {
  for (const message of model.messages.values()) {
    if (message.status === 'PROCESSING') message.due = Math.min(message.due ?? now, now);
  }
}
