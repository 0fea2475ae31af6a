import type { Identity } from '../domain/identity.ts';
import { type DeliveryState, initialState } from '../domain/lifecycle.ts';
import type { Message } from '../domain/message.ts';
import type { MessageView } from '../ports/message-store.ts';

/** All that is known of a message but its request. Times are epoch milliseconds. */
export interface MessageRow extends DeliveryState {
  readonly identity: Identity;
  /** Of the write that made the row what it is: a failed condition that finds its own token there took effect before. */
  readonly writeToken: string;
  readonly contentHash: string;
  readonly maxAttempts: number;
  /** Attempts of the plans before the present one. */
  readonly pastAttempts: number;
  /** Milliseconds that a plan lasts. */
  readonly lifetime: number;
  readonly acceptedAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number;
  /** When a repeat handed the message out again; null when none did. */
  readonly resentAt: number | null;
  readonly error: MessageView['lastError'];
  /** From then on the row is as good as gone: its deletion by the table (attribute `ttl`) comes days later. */
  readonly removeAt: number;
}

/** Rows outlive their plan by this, so that a late repeat is a repeat still. */
export const AFTER_PLAN_MS = 7 * 86_400_000;

/** The row of a message that waits for its first attempt. */
export function newRow({ identity, plan }: Message, hash: string, now: number, writeToken: string): MessageRow {
  return {
    ...initialState(now),
    identity,
    writeToken,
    contentHash: hash,
    maxAttempts: plan.maxAttempts,
    pastAttempts: 0,
    lifetime: plan.expiresAt - now,
    acceptedAt: now,
    updatedAt: now,
    expiresAt: plan.expiresAt,
    resentAt: null,
    error: null,
    removeAt: Math.max(plan.expiresAt, now) + AFTER_PLAN_MS,
  };
}
