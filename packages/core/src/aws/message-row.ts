import type { Identity } from '../domain/identity.ts';
import type { DeliveryState } from '../domain/lifecycle.ts';
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
