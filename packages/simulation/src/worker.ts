/** What a worker of either world is made of, beside its store. */

import { createSigningSecret } from '@millrace/core';
import type { DeliverDeps, Target, Timers } from '@millrace/delivery-worker';
import { errorsOf } from './errors.ts';
import type { Process } from './process.ts';
import type { Sim } from './sim.ts';
import type { Targets } from './targets.ts';
import type { Witness } from './witness.ts';

/** The usual one. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Signing fails nowhere here: its secrets are looked up before the claim, and what follows is a message that waits. */
const SECRET = createSigningSecret((count) => new Uint8Array(count).fill(1));

interface WorkerDeps
  extends Omit<DeliverDeps, 'store' | 'target' | 'gate' | 'onAttempt' | 'requestTimeoutMs' | 'stoppedAt'>,
    Required<Pick<DeliverDeps, 'onAttempt'>> {
  readonly target: Target;
}

/** The gate is in `gate.ts`: it has a store of its own. */
export function workerDeps(sim: Sim, targets: Targets, witness: Witness, process: Process): WorkerDeps {
  let tokens = 0;
  return {
    target: {
      send: (entry, deadlineMs) => targets.send(process, entry, deadlineMs),
      close: () => Promise.resolve(),
    },
    signing: { secretsOf: () => Promise.resolve([SECRET]) },
    clock: process.clock,
    random: () => sim.noise.fraction(`${process.name}/random`),
    newToken: () => `${process.name}/${tokens++}`,
    sleep: process.sleep,
    onAttempt({ entry, reaction, settled }) {
      // A store that has answered has it, whoever owns the message now.
      if (reaction.kind === 'succeed' && settled !== undefined) witness.successSettled(entry.identity.messageId);
    },
    onError: leftEntries(sim, process),
  };
}

/** Takes the errors for which a worker leaves entries in their queue. */
export function leftEntries(sim: Sim, process: Process): (error: unknown) => void {
  return errorsOf(sim, process, 'entries left for an error');
}

export function timersOf(process: Process): Timers {
  return { soon: (action) => void process.after(0, action), after: process.after };
}
