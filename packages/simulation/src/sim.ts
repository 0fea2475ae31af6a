/** One history under way: what every part of its world shares. */

import { type CoverageCounter, createCoverage } from './coverage.ts';
import { createFaults, type Faults } from './faults.ts';
import type { History } from './history.ts';
import { createNoise, type Noise } from './noise.ts';
import { createTimeline, type Timeline } from './timeline.ts';

/** Sunday, 22 November 2026, 10:00 UTC. */
export const START = Date.UTC(2026, 10, 22, 10);

/** A promise of Millrace that a history broke. */
export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

export interface Sim {
  readonly history: History;
  readonly timeline: Timeline;
  readonly noise: Noise;
  readonly faults: Faults;
  readonly coverage: CoverageCounter;
  /** Writes a step down, when somebody wants to read them. */
  note(who: string, what: () => string): void;
  readonly steps: readonly string[];
  /** Ends the history: the first promise that is broken is the one that counts. */
  violate(invariant: string, detail: string): void;
  violation(): Violation | undefined;
}

export function createSim(history: History, keepsSteps: boolean): Sim {
  const timeline = createTimeline(START);
  const steps: string[] = [];
  let violation: Violation | undefined;

  function note(who: string, what: () => string): void {
    if (keepsSteps && violation === undefined)
      steps.push(`${formatTime(timeline.now())}  ${who.padEnd(12)}  ${what()}`);
  }

  return {
    history,
    timeline,
    noise: createNoise(history.seed),
    faults: createFaults(history.faults),
    coverage: createCoverage(),
    steps,
    note,
    violate(invariant, detail) {
      if (violation !== undefined) return;
      note('!', () => `${invariant}: ${detail}`);
      violation = { invariant, detail };
      timeline.stop();
    },
    violation: () => violation,
  };
}

/** Hours, minutes and seconds since the start. */
function formatTime(now: number): string {
  const ms = now - START;
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
  return `${hours}:${String(minutes).padStart(2, '0')}:${((ms / 1_000) % 60).toFixed(3).padStart(6, '0')}`;
}
