/** What a worker of either world is made of, beside its store. */

import { StoreUnavailableError } from '@millrace/core';
import type { DeliverDeps } from '@millrace/delivery-worker';
import { INVARIANTS } from './invariants.ts';
import type { Process } from './process.ts';
import type { Sim } from './sim.ts';
import type { Targets } from './targets.ts';
import type { Witness } from './witness.ts';

/** The usual one. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** A gate that is asked before a claim is given to the workers of both worlds here. */
export function workerDeps(
  sim: Sim,
  targets: Targets,
  witness: Witness,
  process: Process,
): Required<Omit<DeliverDeps, 'store' | 'requestTimeoutMs' | 'stoppedAt'>> {
  let tokens = 0;
  return {
    target: {
      send: (entry, deadlineMs) => targets.send(process, entry, deadlineMs),
      close: () => Promise.resolve(),
    },
    clock: process.clock,
    random: () => sim.noise.fraction(`${process.name}/random`),
    newToken: () => `${process.name}/${tokens++}`,
    sleep: process.sleep,
    onAttempt({ entry, reaction }) {
      if (reaction.kind === 'succeed') witness.successSettled(entry.identity.messageId);
    },
    onError(error) {
      sim.note(process.name, () => String(error));
      if (error instanceof StoreUnavailableError) sim.coverage.count('entries left for an error');
      else sim.violate(INVARIANTS.crash, `${process.name}: ${error instanceof Error ? error.stack : String(error)}`);
    },
  };
}
