/**
 * The central port: where messages are, and who may deliver them now.
 *
 * Every call takes and returns batches; results stand in the order of their inputs. Promises are checked on every
 * adapter by `describeMessageStore` in `@millrace/core/testing`.
 *
 * Any call may throw `StoreUnavailableError`: then nothing is known to have happened, and repeating the call is safe.
 */

import type { Identity } from '../domain/identity.ts';
import type { Result, Status } from '../domain/lifecycle.ts';
import type { DeliveryRequest, Message } from '../domain/message.ts';
import type { Reason } from '../domain/outcome.ts';

/** What a queue holds: all that an attempt needs. Good for its round, however often it is handed out. */
export interface Entry {
  readonly v: 1;
  readonly identity: Identity;
  readonly round: number;
  /** Epoch milliseconds; the entry is handed out no sooner. */
  readonly notBefore: number;
  readonly maxAttempts: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly request: DeliveryRequest;
  /** Of its message. */
  readonly traceparent?: string;
}

export type AcceptResult =
  /** Stored, and will be handed out. */
  | { readonly kind: 'accepted' }
  /** The same message was accepted before and is stored still. */
  | { readonly kind: 'duplicate'; readonly status: Status }
  /** A message with this identity is stored, with other content. */
  | { readonly kind: 'conflict' }
  /** Not known to be stored, or not certain to be handed out; accepting it again is safe. */
  | { readonly kind: 'unavailable' };

export interface ClaimRequest {
  readonly entry: Entry;
  /** New for every claim; proves at settle whose attempt it was. */
  readonly token: string;
  /** Milliseconds; longer than the request may take. */
  readonly leaseMs: number;
}

export type ClaimResult =
  /** The caller makes this attempt (from 1; past `maxAttempts` it must settle without a request). */
  | {
      readonly kind: 'won';
      readonly attempt: number;
      readonly leaseUntil: number;
      readonly takeover: boolean;
      /** Epoch milliseconds: when the message was accepted, or replayed last. */
      readonly since?: number;
    }
  /** Another worker has the message, or it is not due yet: hand the entry back to come again after `until`. */
  | { readonly kind: 'busy'; readonly until: number }
  /** The entry's round is over: acknowledge it. */
  | { readonly kind: 'stale' }
  /** There is no such message: the entry is an orphan. */
  | { readonly kind: 'missing' };

/** What went wrong with an attempt, for operators. */
export interface AttemptError {
  /** HTTP status, or null when there was no answer. */
  readonly statusCode: number | null;
  readonly message: string;
}

export interface Settlement {
  readonly entry: Entry;
  /** The token of the claim. */
  readonly token: string;
  readonly result: Result;
  /** Null on success. */
  readonly error: AttemptError | null;
}

/**
 * `settled`: the result is stored and what must follow is certain to happen. `acknowledge`: it does not count, and the
 * entry is no longer needed. `leave`: it does not count, and the entry must stay in its queue.
 */
export type SettleResult = 'settled' | 'acknowledge' | 'leave';

/** A message as operators see it. Times are epoch milliseconds. */
export interface MessageView {
  readonly identity: Identity;
  readonly status: Status;
  /** Within the present plan. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Over all replays. */
  readonly totalAttempts: number;
  readonly replays: number;
  readonly acceptedAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number;
  /** When the next attempt may start, or the lease of the running one ends; null when the message has ended. */
  readonly nextAttemptAt: number | null;
  readonly reason: Reason | null;
  readonly lastError: (AttemptError & { readonly at: number }) | null;
}

/** Which messages; every field that is given must match. */
export interface MessageFilter {
  readonly senderId?: string;
  /** A canonical URL; one that is only an origin (`https://host/`) matches every URL of that origin. */
  readonly target?: string;
  readonly reason?: Reason;
  /** Accepted at or after, epoch milliseconds. */
  readonly from?: number;
  /** Accepted before, epoch milliseconds. */
  readonly to?: number;
}

export interface ListQuery extends MessageFilter {
  readonly status?: Status;
  readonly limit: number;
  /** Of the page before. */
  readonly cursor?: string;
}

/** A page, newest first. It may hold fewer than `limit` and still not be the last: the last has no cursor. */
export interface MessagePage {
  readonly messages: readonly MessageView[];
  readonly cursor: string | null;
}

/** Names one message, or several that share the parts that are given. */
export interface MessageName {
  readonly messageId: string;
  readonly senderId?: string;
  readonly timestamp?: string;
  readonly targetUrl?: string;
}

export interface ReplayOneResult {
  readonly found: number;
  readonly replayed: number;
}

export interface ReplayQuery extends MessageFilter {
  /** At most this many are replayed by the call. */
  readonly limit: number;
  /** Count only. */
  readonly dryRun: boolean;
  readonly cursor?: string;
}

export interface ReplayPage {
  readonly replayed: number;
  /** FAILED messages that match and were not replayed by this call. */
  readonly remaining: number;
  /** Continue here; null when nothing remains. */
  readonly cursor: string | null;
}

/** `accepted = succeeded + failed + waiting` must hold. */
export interface Counts {
  /** Epoch milliseconds; absent: as of now. */
  readonly asOf?: number;
  /** Ever; a store may leave out messages whose retention is over. */
  readonly accepted: number;
  readonly succeeded: number;
  /** As of now: replayed ones wait again. */
  readonly failed: number;
  /** Counted from the messages themselves, not from what was booked. */
  readonly waiting: number;
}

export interface MessageStore {
  /**
   * Accepts each message exactly once, in order: a repeat within the batch is a duplicate of its first.
   *
   * A body of more than `LIMITS.inlineBodyBytes` must be in the payload store before, held there (`PayloadStore.hold`).
   *
   * Afterwards an accepted message is stored durably and will be handed out. Its identity stays known until its
   * retention is over (`DEDUPE_DAYS` after it ended).
   */
  accept(messages: readonly Message[]): Promise<readonly AcceptResult[]>;

  /** Of all copies of an entry, one wins the attempt. */
  claim(claims: readonly ClaimRequest[]): Promise<readonly ClaimResult[]>;

  /** Stores results, and makes certain what must follow: the next attempt when it is due, or the dead letter. */
  settle(settlements: readonly Settlement[]): Promise<readonly SettleResult[]>;

  /** Makes a copy of each entry come again at its time (epoch milliseconds); afterwards the entry may be acknowledged. */
  handBack(entries: readonly { readonly entry: Entry; readonly until: number }[]): Promise<void>;

  /** Keeps entries that belong to no message as dead letters with the reason `orphan`. */
  keepOrphans(entries: readonly Entry[]): Promise<void>;

  /**
   * Every message of that name, newest first.
   * @throws UnsupportedQueryError when the store needs a sender to find it
   */
  get(name: MessageName): Promise<readonly MessageView[]>;

  /** @throws InvalidCursorError, UnsupportedQueryError */
  list(query: ListQuery): Promise<MessagePage>;

  /**
   * Sends every FAILED message of that name through a fresh plan; one that waits since its replay counts again.
   * @throws UnsupportedQueryError when the store needs a sender to find it
   */
  replay(name: MessageName): Promise<ReplayOneResult>;

  /**
   * Sends FAILED messages that match through a fresh plan, newest first.
   * @throws InvalidCursorError
   */
  replayMany(query: ReplayQuery): Promise<ReplayPage>;

  counts(): Promise<Counts>;

  /** What keeps the store from working, each problem with the part that has it; empty when nothing does. */
  health(): Promise<readonly HealthProblem[]>;
}

export interface HealthProblem {
  readonly part: string;
  readonly detail: string;
}
