/** The gate of a worker, the real one, and what is seen of it from outside. */

import type { CircuitStore } from '@millrace/core';
import { createTargetGate, type TargetGate, type TargetGateDeps } from '@millrace/delivery-worker';
import { errorsOf } from './errors.ts';
import type { Process } from './process.ts';
import type { Sim } from './sim.ts';
import type { TargetWitness } from './target-witness.ts';

type GateParts = Pick<TargetGateDeps, 'longestWaitMs'> & {
  readonly store: Pick<CircuitStore, 'read' | 'write'>;
  readonly onWait?: (...args: Parameters<NonNullable<TargetGateDeps['onWait']>>) => Promise<void>;
};

/** Milliseconds within which a call brings news: a gate waits for little longer. */
const QUICK_MS = 900;
/** Milliseconds that a gate goes on with what it knew when a call went wrong. */
const UNINFORMED_MS = 4_000;

export function openGate(sim: Sim, witness: TargetWitness, process: Process, parts: GateParts): TargetGate {
  const { store, longestWaitMs, onWait } = parts;
  const { watched, isInformed } = watchCalls(sim, store);
  let tokens = 0;
  const onError = errorsOf(sim, process, 'circuits out of reach', 'its gate: ');

  const gate = createTargetGate({
    store: watched,
    clock: process.clock,
    random: () => sim.noise.fraction(`${process.name}/gate`),
    newToken: () => `${process.name}/probe-${tokens++}`,
    sleep: process.sleep,
    longestWaitMs,
    ...(onWait === undefined ? {} : { onWait: (lane, until) => void onWait(lane, until).catch(onError) }),
    onError,
  });

  return {
    ...gate,
    async ask(entry, leaseMs) {
      const answered = witness.asks(process, entry.identity);
      const admission = await gate.ask(entry, leaseMs);
      answered(admission, isInformed());
      if (admission.kind !== 'go') return admission;
      let ended = false;
      return {
        kind: 'go',
        end(outcome) {
          if (!ended && outcome === null) witness.turnsBack(process, entry.identity);
          ended = true;
          admission.end(outcome);
        },
      };
    },
  };
}

/** Whether calls bring news: those of late have succeeded, and none has been under way for long. */
function watchCalls({ timeline }: Sim, store: Pick<CircuitStore, 'read' | 'write'>) {
  const underWay = new Set<{ readonly since: number }>();
  let troubledAt = Number.NEGATIVE_INFINITY;

  async function watch<T>(call: Promise<T>): Promise<T> {
    const one = { since: timeline.now() };
    underWay.add(one);
    let isQuick = false;
    try {
      const result = await call;
      isQuick = timeline.now() - one.since <= QUICK_MS;
      return result;
    } finally {
      underWay.delete(one);
      if (!isQuick) troubledAt = timeline.now();
    }
  }

  return {
    watched: {
      read: (keys) => watch(store.read(keys)),
      write: (writes) => watch(store.write(writes)),
    } satisfies Pick<CircuitStore, 'read' | 'write'>,
    isInformed(): boolean {
      const now = timeline.now();
      return troubledAt < now - UNINFORMED_MS && [...underWay].every(({ since }) => since > now - QUICK_MS);
    },
  };
}
