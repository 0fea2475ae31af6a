import type { ObjectStore } from '../ports/object-store.ts';

/** What the conformance suite needs of an adapter beside the port. */
export interface ObjectStoreHarness {
  /** Of the process that runs now; `restart` replaces it. */
  readonly store: ObjectStore;
  /** The process ends and another starts. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an empty store. */
export type OpenObjectStore = () => Promise<ObjectStoreHarness>;
