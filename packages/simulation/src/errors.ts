import { StoreUnavailableError } from '@millrace/core';
import { INVARIANTS } from './invariants.ts';
import type { Process } from './process.ts';
import type { Sim } from './sim.ts';

/** Errors that a caller must be ready for: the store cannot do it now, or nobody answers. */
export function isForeseen(error: unknown): boolean {
  const isFromNetwork =
    error instanceof Error && (error.message === 'no answer' || error.message === 'connection refused');
  return error instanceof StoreUnavailableError || isFromNetwork;
}

/**
 * Takes the errors that a process survives: of a store that cannot, or one that it should not have met.
 *
 * @param counted what is counted of the former
 * @param whose goes before them in the history
 */
export function errorsOf(sim: Sim, process: Process, counted: string, whose = ''): (error: unknown) => void {
  return (error) => {
    sim.note(process.name, () => `${whose}${String(error)}`);
    if (error instanceof StoreUnavailableError) sim.coverage.count(counted);
    else sim.violate(INVARIANTS.crash, `${process.name}: ${error instanceof Error ? error.stack : String(error)}`);
  };
}
