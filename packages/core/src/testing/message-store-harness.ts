import type { Entry, MessageStore } from '../ports/message-store.ts';
import type { ManualClock } from './manual-clock.ts';

/** Where adapters may differ. What one cannot do it must refuse, and that is checked. */
export interface MessageStoreTraits {
  /** False: only FAILED messages can be listed. */
  readonly listsEveryStatus: boolean;
  /** False: messages are found and replayed by name only together with their sender. */
  readonly findsEverySender: boolean;
  /** False: a message that was accepted anew after its retention is counted in place of the old one. */
  readonly countsForgotten: boolean;
  /** False: an entry that no worker is done with for two weeks is dropped; no plan lasts that long. */
  readonly entriesLast: boolean;
}

/** What the conformance suite needs of an adapter beside the port: time, the queue, and a crash. */
export interface MessageStoreHarness {
  /** Of the process that runs now; `restart` replaces it. Retention times are the default ones. */
  readonly store: MessageStore;
  readonly traits: MessageStoreTraits;
  /** The only time that the store and its queue know. */
  readonly clock: ManualClock;
  /**
   * Up to `limit` entries, as a worker gets them from its queue. None before its time; none that another worker has
   * received, until that worker leaves it, or its claim's lease is over, or its process crashes. Copies may come.
   */
  receive(limit: number): Promise<readonly Entry[]>;
  /** The queue has copies of entries: until they are acknowledged they come, from their time on. */
  copy(entries: readonly Entry[]): Promise<void>;
  /** A worker is done with entries: these copies do not come again. */
  acknowledge(entries: readonly Entry[]): Promise<void>;
  /** A worker gives entries up without having claimed them: they come again. */
  leave(entries: readonly Entry[]): Promise<void>;
  /**
   * The process crashes and another starts: leases are over, and what was received and not acknowledged comes again.
   * Where leases outlive the process, the clock has moved past them.
   */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an empty store. */
export type OpenHarness = () => Promise<MessageStoreHarness>;
