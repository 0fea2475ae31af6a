/** What the operations of the store on AWS are made of. */

import type { Identity } from '../domain/identity.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { AcceptCounter } from './accept-counter.ts';
import type { EntryObjects } from './entry-objects.ts';
import type { EntryQueues } from './entry-queues.ts';
import type { MessageTable } from './message-table.ts';

export interface AwsStoreParts {
  readonly table: MessageTable;
  readonly queues: EntryQueues;
  readonly objects: EntryObjects;
  readonly payloads: Pick<PayloadStore, 'hold'>;
  readonly counter: AcceptCounter;
  readonly clock: Clock;
  /** Another text on every call: marks a write, so that its effect can be told from another's. */
  readonly newToken: () => string;
  readonly retention: {
    /** Milliseconds that a delivered message stays known. */
    readonly succeededMs: number;
    /** Milliseconds that a dead letter stays, and can be replayed. */
    readonly failedMs: number;
  };
}

/** Writes to the table that one batch has under way. */
export const WRITES_AT_ONCE = 32;

/** Looks at a row that keeps changing; so many workers do not fight over one message. */
export const LOOKS = 8;

export function contended({ senderId, messageId }: Identity): StoreUnavailableError {
  return new StoreUnavailableError(`the row of ${senderId}/${messageId} keeps changing`);
}
