/**
 * Counts requests to origins and how many of them fail, and tells the store no more often than once a second; but at
 * once what opens a circuit.
 *
 * A worker whose requests all come through tells nothing, unless others have told of failures: what is well costs no
 * write.
 */

import {
  addCounts,
  type Clock,
  type Count,
  countRequest,
  failuresOf,
  mergeCounts,
  type TargetKey,
} from '@millrace/core';
import { type KnownTargets, targetId } from './known-targets.ts';
import type { TargetChanges } from './target-changes.ts';

export interface OriginCountsDeps {
  readonly known: KnownTargets;
  readonly changes: TargetChanges;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface OriginCounts {
  /** @param failure in a few words; null when the target answered */
  add(origin: TargetKey, failure: string | null): void;
  /** Tells what is due to be told. */
  tell(): void;
}

/** Milliseconds between two writes of counts of one origin, and after one that failed. */
const PACE_MS = 1_000;
/** Origins that are counted; of more the oldest are forgotten. */
const MOST_ORIGINS = 10_000;

interface Tally {
  readonly origin: TargetKey;
  /** Not told yet. */
  counts: readonly Count[];
  /** The last failure. */
  why: string;
  /** Epoch milliseconds: when the last write began, and when the last one failed. */
  toldAt: number;
  failedAt: number;
  isTelling: boolean;
}

export function createOriginCounts({ known, changes, clock, random }: OriginCountsDeps): OriginCounts {
  const tallies = new Map<string, Tally>();

  function tallyOf(origin: TargetKey): Tally {
    const id = targetId(origin);
    const present = tallies.get(id);
    if (present !== undefined) return present;
    const never = Number.NEGATIVE_INFINITY;
    const tally = { origin, counts: [], why: '', toldAt: never, failedAt: never, isTelling: false };
    tallies.set(id, tally);
    const [oldest] = tallies.keys();
    if (tallies.size > MOST_ORIGINS && oldest !== undefined) tallies.delete(oldest);
    return tally;
  }

  /** A clock that was set back must not keep anything from being told. */
  const isPast = (time: number, now: number): boolean => now - time >= PACE_MS || now < time;

  function isWorthTelling({ origin, counts, toldAt, failedAt }: Tally): boolean {
    if (counts.length === 0) return false;
    const now = clock.now();
    if (!isPast(failedAt, now)) return false;
    const circuit = known.peek(origin)?.state.circuit ?? null;
    const othersFail = circuit?.state === 'closed' && failuresOf(circuit.counts, now) > 0;
    const isNews = othersFail || failuresOf(counts, now) > 0;
    // Only failures open a circuit: most requests end here.
    if (!isNews) return false;
    if (isPast(toldAt, now)) return true;
    return circuit?.state !== 'open' && addCounts(circuit, counts, '', { now, random: 0 }).state === 'open';
  }

  async function tell(tally: Tally): Promise<void> {
    const { origin, counts, why } = tally;
    tally.isTelling = true;
    tally.counts = [];
    tally.toldAt = clock.now();
    try {
      await changes.make(origin, (state) => {
        const chance = { now: clock.now(), random: random() };
        const circuit = addCounts(state.circuit, counts, why, chance);
        return circuit === state.circuit ? undefined : { ...state, circuit };
      });
    } catch (error) {
      tally.counts = mergeCounts(counts, tally.counts);
      tally.failedAt = clock.now();
      throw error;
    } finally {
      tally.isTelling = false;
    }
    // What was counted meanwhile may be what opens it.
    tellIfDue(tally);
  }

  function tellIfDue(tally: Tally): void {
    if (!tally.isTelling && isWorthTelling(tally)) changes.inBackground(tell(tally));
  }

  return {
    add(origin, failure) {
      const circuit = known.peek(origin)?.state.circuit ?? null;
      // Sent before it opened: it says nothing new.
      if (circuit !== null && circuit.state !== 'closed') return;
      const tally = tallyOf(origin);
      tally.counts = countRequest(tally.counts, failure !== null, clock.now());
      if (failure !== null) tally.why = failure;
      tellIfDue(tally);
    },
    tell: () => tallies.forEach(tellIfDue),
  };
}
