/** Runs seeds, and makes the history of one that fails as small as it can. */

import fc from 'fast-check';
import { arbitraryHistory } from './arbitrary-history.ts';
import type { Coverage } from './coverage.ts';
import type { History, World } from './history.ts';
import { runHistory } from './run-history.ts';
import type { Violation } from './sim.ts';

export interface Failure {
  readonly world: World;
  readonly seed: number;
  /** Of the shrunk history, which breaks the same promise as the first one did. */
  readonly violation: Violation;
  readonly history: History;
  /** What happened in it, a line each. */
  readonly steps: readonly string[];
  readonly shrinks: number;
}

export interface SeedResult {
  readonly coverage: Coverage;
  readonly failure: Failure | undefined;
}

export interface SeedOptions {
  /** Milliseconds that shrinking may take; 0: the history is left as it is. Default: a minute. */
  readonly shrinkMs?: number;
}

const SHRINK_MS = 60_000;

/** The same seed has the same history and the same outcome, always. */
export async function simulateSeed(
  world: World,
  seed: number,
  { shrinkMs = SHRINK_MS }: SeedOptions = {},
): Promise<SeedResult> {
  let coverage: Coverage | undefined;
  let invariant: string | undefined;
  const property = fc.asyncProperty(arbitraryHistory(world), async (history) => {
    const outcome = await runHistory(history);
    coverage ??= outcome.coverage;
    invariant ??= outcome.violation?.invariant;
    return outcome.violation === undefined || outcome.violation.invariant !== invariant;
  });
  const details = await fc.check(property, {
    ...{ seed, numRuns: 1, endOnFailure: shrinkMs === 0 },
    ...(shrinkMs === 0 ? {} : { interruptAfterTimeLimit: shrinkMs, markInterruptAsFailure: false }),
  });
  const [history] = details.counterexample ?? [];
  // What a history throws is a defect of the simulation itself.
  if (details.failed && invariant === undefined) throw details.errorInstance;
  if (history === undefined) return { coverage: coverage ?? new Map(), failure: undefined };
  const { violation, steps } = await runHistory(history, true);
  if (violation === undefined) throw new Error(`seed ${seed} of ${world} does not run twice alike`);
  const failure = { world, seed, violation, history, steps, shrinks: details.numShrinks };
  return { coverage: coverage ?? new Map(), failure };
}
