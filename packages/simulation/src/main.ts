/** `pnpm sim`: exits with 1 when a promise was broken. */

import { errorMessage } from '@millrace/core';
import { addCoverage } from './coverage.ts';
import type { World } from './history.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { formatCoverage, formatFailure } from './report.ts';
import { type Failure, simulateSeed } from './simulate.ts';

const PROGRESS_MS = 2_000;

interface WorldResult {
  readonly world: World;
  readonly histories: number;
  readonly perSecond: number;
  readonly coverage: ReadonlyMap<string, number>;
  readonly failure: Failure | undefined;
}

/** Ends at the first seed that fails. */
async function simulateWorld(world: World, { firstSeed, seeds }: Options, say: (text: string) => void) {
  const coverage = new Map<string, number>();
  const start = performance.now();
  let failure: Failure | undefined;
  let histories = 0;
  let told = start;
  const result = (): WorldResult => {
    const perSecond = histories / ((performance.now() - start) / 1_000);
    return { world, histories, perSecond: Math.round(perSecond), coverage, failure };
  };
  while (histories < seeds && failure === undefined) {
    const one = await simulateSeed(world, firstSeed + histories);
    histories += 1;
    addCoverage(coverage, one.coverage);
    failure = one.failure;
    if (performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
    say(`${world}: ${histories} of ${seeds} histories, ${result().perSecond} a second\n`);
  }
  return result();
}

async function main(options: Options): Promise<void> {
  const say = (text: string): void => {
    if (!options.json) process.stdout.write(text);
  };
  const results: WorldResult[] = [];
  for (const world of options.worlds) {
    const result = await simulateWorld(world, options, say);
    results.push(result);
    const { histories, perSecond, coverage, failure } = result;
    say(`${world}: ${histories} histories, ${perSecond} a second; in them:\n${formatCoverage(coverage)}\n\n`);
    if (failure !== undefined) say(`${formatFailure(failure)}\n`);
    else say(`${world}: every promise was kept\n\n`);
  }
  if (options.json) {
    const plain = results.map(({ coverage, ...rest }) => ({ ...rest, coverage: Object.fromEntries(coverage) }));
    process.stdout.write(`${JSON.stringify(plain, null, 2)}\n`);
  }
  if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(USAGE);
  else await main(options);
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 2;
}
