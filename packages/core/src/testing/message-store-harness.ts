import type { Entry, MessageStore } from '../ports/message-store.ts';
import type { ManualClock } from './manual-clock.ts';

/** What the conformance suite needs of an adapter beside the port: time, the queue, and a crash. */
export interface MessageStoreHarness {
  /** Of the process that runs now; `restart` replaces it. Retention times are the default ones. */
  readonly store: MessageStore;
  /** The only time that the store and its queue know. */
  readonly clock: ManualClock;
  /**
   * Up to `limit` entries, as a worker gets them from its queue. None before its time; none that another worker has
   * received, until that worker leaves it, or its claim's lease is over, or its process crashes. Copies may come.
   */
  receive(limit: number): Promise<readonly Entry[]>;
  /** A worker is done with entries: these copies do not come again. */
  acknowledge(entries: readonly Entry[]): Promise<void>;
  /** A worker gives entries up without having claimed them: they come again. */
  leave(entries: readonly Entry[]): Promise<void>;
  /** The process crashes and another starts: leases are over, and what was received and not acknowledged comes again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an empty store. */
export type OpenHarness = () => Promise<MessageStoreHarness>;
