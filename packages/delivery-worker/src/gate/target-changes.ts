/** Changes that a worker makes to what is known of targets: one after the other for each target. */

import {
  type CircuitState,
  type CircuitStore,
  createKeyLocks,
  type TargetKey,
  type TargetState,
  updateTarget,
} from '@millrace/core';
import { type KnownTargets, targetId } from './known-targets.ts';

/** A circuit has changed its state. */
export interface CircuitEvent {
  readonly senderId: string;
  readonly origin: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** Epoch milliseconds: how long it is open, or when the lease of its probe ends; null when it is closed. */
  readonly until: number | null;
}

export interface TargetChangesDeps {
  readonly store: Pick<CircuitStore, 'write'>;
  readonly known: KnownTargets;
  /** Told of each change of a circuit's state, once, by the worker that made it. */
  readonly onCircuit: (event: CircuitEvent) => void;
  /** Told why a change that nobody waits for was not made. */
  readonly onError: (error: unknown) => void;
}

export interface TargetChanges {
  /**
   * Makes a change, see `updateTarget`; true when it stands.
   * @throws what kept the store from it
   */
  make(key: TargetKey, change: (state: TargetState) => TargetState | undefined): Promise<boolean>;
  /** Lets something go on that nobody waits for, and that `settled` knows of. */
  inBackground(work: Promise<unknown>): void;
  /** Nothing goes on in the background. */
  isIdle(): boolean;
  settled(): Promise<void>;
}

export function createTargetChanges({ store, known, onCircuit, onError }: TargetChangesDeps): TargetChanges {
  const locks = createKeyLocks();
  const background = new Set<Promise<void>>();

  async function change(key: TargetKey, make: (state: TargetState) => TargetState | undefined): Promise<boolean> {
    const update = await updateTarget(store, key, known.peek(key), make);
    known.learn(key, update.known);
    if (update.before === undefined) return false;
    const from = update.before.circuit?.state ?? 'closed';
    const circuit = update.known?.state.circuit ?? null;
    const to = circuit?.state ?? 'closed';
    const until = circuit === null || circuit.state === 'closed' ? null : circuit.until;
    if (from !== to) onCircuit({ senderId: key.senderId, origin: key.target, from, to, until });
    return true;
  }

  return {
    make: (key, wanted) => locks.run(targetId(key), () => change(key, wanted)),

    inBackground(work) {
      const noted: Promise<void> = work
        .then(() => undefined, onError)
        .finally(() => {
          background.delete(noted);
        });
      background.add(noted);
    },

    isIdle: () => background.size === 0,

    async settled() {
      while (background.size > 0) await Promise.all(background);
    },
  };
}
