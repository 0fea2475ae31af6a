/**
 * Hostile histories of the whole system, the same ones every time. `pnpm sim` runs others, and tells one that fails step
 * by step.
 */

import { describe, expect, test } from '@jest/globals';
import { addCoverage } from '../src/coverage.ts';
import { WORLDS, type World } from '../src/history.ts';
import { formatFailure } from '../src/report.ts';
import { simulateSeed } from '../src/simulate.ts';

const SEEDS = 300;

/** A simulation in which these never happen shows nothing. */
const HAPPENS: Readonly<Record<World, readonly string[]>> = {
  machine: [
    'admissions wait',
    'calls dies-after',
    'calls dies-before',
    'calls refused',
    'circuits closed',
    'circuits opened',
    'circuits out of reach',
    'clocks set',
    'deaths',
    'delivered',
    'failed exhausted',
    'failed held',
    'failed interrupted',
    'holds gone',
    'holds retry-after',
    'outcomes timeout',
    'pauses',
    'posts again',
    'posts conflict',
    'posts duplicate',
    'probes',
    'probes failed',
    'reads',
    'replays',
    'requests seen twice',
    'takeovers',
  ],
  aws: [
    'admissions wait',
    'calls dies-after',
    'calls dies-before',
    'calls late',
    'calls lost',
    'calls partial',
    'calls throttled',
    'calls tried again',
    'circuits closed',
    'circuits opened',
    'circuits out of reach',
    'claims busy',
    'claims stale',
    'clocks set',
    'deaths',
    'delivered',
    'entries handed out after their deletion',
    'entries handed out twice',
    'entries left for an error',
    'failed held',
    'failed orphan',
    'failed redriven',
    'functions timed out',
    'holds gone',
    'holds retry-after',
    'hops of an early entry',
    'late retry: leave',
    'late success: settled',
    'pauses',
    'posts conflict',
    'posts duplicate',
    'probes',
    'probes failed',
    'probes lost',
    'reads',
    'redrives',
    'replays',
    'requests seen twice',
    'takeovers',
  ],
};

describe.each(WORLDS)('%s', (world) => {
  test(`keeps every promise in ${SEEDS} histories of crashes, faults, pauses, repeats and wrong clocks`, async () => {
    const coverage = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await simulateSeed(world, seed);
      addCoverage(coverage, result.coverage);
      if (result.failure !== undefined) throw new Error(formatFailure(result.failure));
    }
    expect(HAPPENS[world].filter((name) => !coverage.has(name))).toEqual([]);
  }, 180_000);
});
