/** What must be true when all is over: nothing is broken any more, and there has been time enough. */

import { type Counts, hasEnded } from '@millrace/core';
import { INVARIANTS } from './invariants.ts';
import { describeRow } from './row.ts';
import type { Sim } from './sim.ts';
import type { Witness } from './witness.ts';
import type { SimWorld } from './world.ts';

/** Every message that somebody was told of has ended; where there is such a place, people were told of dead letters. */
export function checkEnds(sim: Sim, world: SimWorld, witness: Witness, orphans: readonly string[]): void {
  for (const name of [...witness.accepted(), ...orphans]) {
    const row = witness.row(name);
    if (row === undefined) sim.violate(INVARIANTS.kept, `${name} has no row`);
    else if (!hasEnded(row)) sim.violate(INVARIANTS.ends, `${name}: ${describeRow(row)}`);
  }
  const letters = world.letters();
  for (const row of letters === undefined ? [] : witness.rows()) {
    const isTold = letters?.some(({ name, reason }) => name === row.name && reason === row.reason);
    if (row.status === 'FAILED' && !isTold) sim.violate(INVARIANTS.told, `${row.name}: ${describeRow(row)}`);
  }
}

/** Who waits at a target is its probe in time, whatever became of the one before. Clocks have been right for an hour. */
export function checkCircuits(sim: Sim, { targets, row }: Witness): void {
  for (const [name, target] of targets.stuck()) {
    const waiting = row(name);
    const isWaiting = waiting !== undefined && !hasEnded(waiting) && (waiting.due ?? 0) < sim.timeline.now() - LATE_MS;
    if (isWaiting) sim.violate(INVARIANTS.unstuck, `${name} waits for ${target}: ${describeRow(waiting)}`);
  }
}

/** Milliseconds after which what is due should have been tried: twice the wait of a queue. */
const LATE_MS = 30 * 60_000;

/** The store's own counts are those of its rows. */
export function checkBooks(sim: Sim, books: Counts & { readonly missing?: number }, witness: Witness): void {
  const count = (status: string): number => witness.rows().filter((row) => row.status === status).length;
  const [succeeded, failed, all] = [count('SUCCESS'), count('FAILED'), witness.rows().length];
  const isRight =
    books.accepted === all &&
    books.succeeded === succeeded &&
    books.failed === failed &&
    books.waiting === all - succeeded - failed &&
    (books.missing ?? 0) === 0;
  if (isRight) return;
  const { accepted, waiting, missing = 0 } = books;
  const told = `accepted ${accepted}, succeeded ${books.succeeded}, failed ${books.failed}, waiting ${waiting}`;
  sim.violate(INVARIANTS.books, `${told}, missing ${missing}; there are ${all}, ${succeeded}, ${failed}`);
}

/** After every dead letter was sent again, to targets that are well. */
export function checkReplayed(sim: Sim, witness: Witness, names: readonly string[]): void {
  for (const name of names) {
    const row = witness.row(name);
    if (row?.status === 'SUCCESS') continue;
    // A message that had hardly any time left when it was accepted gets no more by a replay.
    const isShort = row?.reason === 'expired' && hasWildClocks(sim);
    if (!isShort) sim.violate(INVARIANTS.replayable, `${name}: ${row === undefined ? 'no row' : describeRow(row)}`);
  }
}

const WILD_MS = 4_000;

function hasWildClocks({ history: { events } }: Sim): boolean {
  return events.some((event) => event.kind === 'clock' && Math.abs(event.byMs) > WILD_MS);
}
