import type { CircuitStore } from '../ports/circuit-store.ts';
import type { ManualClock } from './manual-clock.ts';

/** What the conformance suite needs of an adapter beside the port. */
export interface CircuitStoreHarness {
  /** Of the process that runs now; `restart` replaces it. */
  readonly store: CircuitStore;
  /** The only time that the store knows. */
  readonly clock: ManualClock;
  /** The process ends and another starts. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an empty store. */
export type OpenCircuitStore = () => Promise<CircuitStoreHarness>;
