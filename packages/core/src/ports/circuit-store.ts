/**
 * What workers and operators share of targets: circuits and holds, one state for each sender and target.
 *
 * Promises are checked on every adapter by `describeCircuitStore` in `@millrace/core/testing`:
 * - of writers that have seen the same state one succeeds, and the others are told what stands there now;
 * - a state whose time is over (`stateExpiry`) is not there any more, whether or not it is removed yet.
 *
 * Any call may throw `StoreUnavailableError`: then nothing is known to have happened, and repeating the call is safe.
 * Whoever delivers must not be stopped by that.
 */

import type { TargetKey, TargetState } from '../domain/target-state.ts';

/** A state as it was read, by which a write says what it has seen. */
export interface KnownTarget {
  readonly state: TargetState;
  /** Another one after every write. */
  readonly version: string;
}

export interface TargetWrite {
  readonly key: TargetKey;
  readonly state: TargetState;
  /** The version of the state that it replaces; null: there is none. */
  readonly seen: string | null;
}

export type TargetWriteResult =
  | { readonly kind: 'written'; readonly version: string }
  /** Another was first: what stands there now. */
  | { readonly kind: 'conflict'; readonly current: KnownTarget | null };

export interface TargetQuery {
  readonly senderId?: string;
  /** At least 1. */
  readonly limit: number;
  /** Of the page before. */
  readonly cursor?: string;
}

export interface ListedTarget {
  readonly key: TargetKey;
  readonly state: TargetState;
}

/** It may hold fewer than `limit` and still not be the last: the last has no cursor. */
export interface TargetPage {
  readonly targets: readonly ListedTarget[];
  readonly cursor: string | null;
}

export interface CircuitStore {
  /** In the order of the keys; null where nothing is known. It may be a moment old; a write compares with what is now. */
  read(keys: readonly TargetKey[]): Promise<readonly (KnownTarget | null)[]>;

  /** Each write by itself, in the order given; no key twice. */
  write(writes: readonly TargetWrite[]): Promise<readonly TargetWriteResult[]>;

  /**
   * Targets of which something is known, in an order of the store's own; what changes meanwhile may be missed.
   * @throws InvalidCursorError
   */
  list(query: TargetQuery): Promise<TargetPage>;
}
