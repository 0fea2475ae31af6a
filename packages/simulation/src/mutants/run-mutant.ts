/** The process of one mutant: `node run-mutant.ts NAME SEEDS`. Prints what caught it, as JSON. */

import { WORLDS } from '../history.ts';
import { loadMutant } from './load-mutant.ts';
import { CONTROL, MUTANTS } from './mutants.ts';
import type { Verdict } from './verdict.ts';

const [name = '', seeds = ''] = process.argv.slice(2);
const mutant = [...MUTANTS, CONTROL].find((one) => one.name === name);
if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
const wasLoaded = loadMutant(mutant);
// Only now: what it loads is mutated on the way.
const { simulateSeed } = await import('../simulate.ts');

async function run(): Promise<Verdict> {
  const worlds = WORLDS.filter((world) => mutant?.world === undefined || mutant.world === world);
  for (let seed = 1; seed <= Number(seeds); seed++) {
    for (const world of worlds) {
      const { failure } = await simulateSeed(world, seed, { shrinkMs: 0 });
      if (failure !== undefined) return { caught: failure.violation.invariant, world, seeds: seed };
    }
  }
  return { caught: null, seeds: Number(seeds) };
}

const verdict = await run();
if (!wasLoaded()) throw new Error(`${mutant.file} was never loaded`);
process.stdout.write(JSON.stringify(verdict));
