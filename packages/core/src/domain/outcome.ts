/**
 * What came of an attempt, and what must follow.
 */

import { backoffDelay } from './retry-policy.ts';

/** Everything that can come of one HTTP attempt. */
export type AttemptOutcome =
  | {
      readonly kind: 'response';
      readonly statusCode: number;
      readonly retryAfterMs?: number;
      /** What the receiver asks for in the header `webhook-delivery`. */
      readonly control?: ReceiverControl;
      /** The beginning of the answer's body, for operators. */
      readonly excerpt?: string;
    }
  /** The exchange was not over at its deadline. */
  | { readonly kind: 'timeout'; readonly detail: string }
  | { readonly kind: 'dns'; readonly detail: string }
  | { readonly kind: 'tls'; readonly detail: string }
  | { readonly kind: 'connection'; readonly detail: string }
  /** A setting forbids the request; the detail names the setting. */
  | { readonly kind: 'blocked'; readonly detail: string }
  /** No request was made: the body is not in the payload store any more, or another one is. */
  | { readonly kind: 'payload-missing'; readonly detail: string }
  /** The body could not be read from the payload store, or not to its end. */
  | { readonly kind: 'payload-unavailable'; readonly detail: string }
  /** No request was made: a crashed attempt had used up the plan. */
  | { readonly kind: 'interrupted' }
  /** No request was made: the message expired while it waited. */
  | { readonly kind: 'expired' }
  /** No request was made: messages to this URL are held. The detail says why, and how to release it. */
  | { readonly kind: 'held'; readonly detail: string };

/**
 * What a receiver can ask for: `abort-message`, that this message is not sent again; `disable`, that no message is sent
 * to this URL any more.
 */
export const RECEIVER_CONTROLS = ['abort-message', 'disable'] as const;
export type ReceiverControl = (typeof RECEIVER_CONTROLS)[number];

/** Why a message is a dead letter. */
export const REASONS = [
  /** Every attempt failed in a way that a retry could have cured. */
  'exhausted',
  /** The target refused it: a redirect, or a 4xx that a retry does not cure. */
  'rejected',
  /** The target answered 410, or failed and asked for no more messages. */
  'gone',
  /** The target failed, and asked not to be sent this message again. */
  'aborted',
  /** Messages to its URL are held since the target was gone. */
  'held',
  /** `expiresAt` passed, or would have before the next attempt. */
  'expired',
  /** The last attempt of the plan was cut off, its result is not known. */
  'interrupted',
  /** A setting forbids the request. */
  'blocked',
  /** Its body is not in the payload store any more. */
  'payload-missing',
  /** A queue entry without a message. */
  'orphan',
  /** Its queue gave its entry up, handed out again and again and never acknowledged. */
  'redriven',
] as const;
export type Reason = (typeof REASONS)[number];

/** What must happen next. */
export type Reaction =
  | { readonly kind: 'succeed' }
  | { readonly kind: 'retry'; readonly due: number }
  | { readonly kind: 'dead-letter'; readonly reason: Reason };

/** Where a message stands in its plan when an attempt ends. */
export interface AttemptContext {
  /** Of the attempt that ended, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** The one place where an outcome becomes success, a retry or a dead letter. Total: every outcome has a reaction. */
export function react(outcome: AttemptOutcome, context: AttemptContext): Reaction {
  switch (outcome.kind) {
    case 'response':
      return reactToResponse(outcome, context);
    case 'timeout':
    case 'dns':
    case 'tls':
    case 'connection':
    case 'payload-unavailable':
      return retryOrGiveUp(0, context);
    case 'blocked':
    case 'payload-missing':
    case 'interrupted':
    case 'expired':
    case 'held':
      return { kind: 'dead-letter', reason: outcome.kind };
  }
}

export function isSuccess(statusCode: number): boolean {
  return statusCode >= 200 && statusCode <= 299;
}

export function isServerError(statusCode: number): boolean {
  return statusCode >= 500 && statusCode <= 599;
}

const RETRYABLE_4XX = new Set([408, 425, 429]);

function reactToResponse(
  { statusCode, control, retryAfterMs = 0 }: Extract<AttemptOutcome, { kind: 'response' }>,
  context: AttemptContext,
): Reaction {
  // What was delivered is delivered, whatever else the receiver asks for.
  if (isSuccess(statusCode)) return { kind: 'succeed' };
  if (statusCode === 410 || control === 'disable') return { kind: 'dead-letter', reason: 'gone' };
  if (control === 'abort-message') return { kind: 'dead-letter', reason: 'aborted' };
  if (isServerError(statusCode) || RETRYABLE_4XX.has(statusCode)) return retryOrGiveUp(retryAfterMs, context);
  return { kind: 'dead-letter', reason: 'rejected' };
}

/** A retry is due no sooner than the target asked for, and never at or after the end of the message's life. */
function retryOrGiveUp(retryAfterMs: number, context: AttemptContext): Reaction {
  if (context.attempt >= context.maxAttempts) return { kind: 'dead-letter', reason: 'exhausted' };
  const due = context.now + Math.max(retryAfterMs, backoffDelay(context.attempt, context.random));
  if (due >= context.expiresAt) return { kind: 'dead-letter', reason: 'expired' };
  return { kind: 'retry', due };
}

/** The HTTP status of an outcome, or null when there was no answer. */
export function outcomeStatus(outcome: AttemptOutcome): number | null {
  return outcome.kind === 'response' ? outcome.statusCode : null;
}

/** What kind of failure an outcome is, for statistics: `http-4xx`, `timeout`, …; null when it is none. */
export function failureClass(outcome: AttemptOutcome): string | null {
  if (outcome.kind !== 'response') return outcome.kind;
  return isSuccess(outcome.statusCode) ? null : `http-${Math.floor(outcome.statusCode / 100)}xx`;
}

/** One line for people: what went wrong; null when nothing did. */
export function describeFailure(outcome: AttemptOutcome): string | null {
  switch (outcome.kind) {
    case 'response': {
      if (isSuccess(outcome.statusCode)) return null;
      const excerpt = outcome.excerpt ?? '';
      return excerpt === '' ? `HTTP ${outcome.statusCode}` : `HTTP ${outcome.statusCode}: ${excerpt}`;
    }
    case 'interrupted':
      return 'the last attempt was cut off before its result was known';
    case 'expired':
      return 'expired before it could be delivered';
    default:
      return `${outcome.kind}: ${outcome.detail}`;
  }
}
