import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { World } from '../history.ts';
import type { Mutant } from './mutants.ts';

export type Verdict =
  /** The promise that it broke, in which world, at which seed. */
  | { readonly caught: string; readonly world: World; readonly seeds: number }
  | { readonly caught: null; readonly seeds: number };

const RUN_MUTANT = path.join(import.meta.dirname, 'run-mutant.ts');

/** Runs up to so many seeds under a mutant, in a process of its own. @throws Error when that cannot be done */
export async function judge(mutant: Mutant, seeds: number): Promise<Verdict> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN_MUTANT, mutant.name, String(seeds)]);
  return JSON.parse(stdout) as Verdict;
}
