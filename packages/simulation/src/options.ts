import { parseArgs } from 'node:util';
import { WORLDS, type World } from './history.ts';

export interface Options {
  readonly worlds: readonly World[];
  readonly firstSeed: number;
  readonly seeds: number;
  readonly json: boolean;
}

export const USAGE = `Usage: scripts/pnpm sim [options]

Runs hostile histories of the whole system on simulated time, one for each seed and world, and checks what Millrace
promises. A seed that fails is made as small as possible and told step by step.

  --seeds N      how many seeds (300; 1 with --seed)
  --seed S       the first seed (1)
  --world W      aws, machine or both (both)
  --json         the result as JSON
`;

const DEFAULT_SEEDS = 300;
const MOST_SEED = 2 ** 31 - 1;

/** @throws Error with every problem, one a line */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      world: { type: 'string', default: 'both' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const problems: string[] = [];
  const number = (name: 'seed' | 'seeds', least: number, fallback: number): number => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= MOST_SEED) return value;
    problems.push(`--${name} must be a whole number from ${least} to ${MOST_SEED}, not "${text}"`);
    return fallback;
  };
  const worlds = WORLDS.filter((world) => values.world === 'both' || values.world === world);
  if (worlds.length === 0) problems.push(`--world must be aws, machine or both, not "${values.world}"`);
  const options = {
    worlds,
    firstSeed: number('seed', 0, 1),
    seeds: number('seeds', 1, values.seed === undefined ? DEFAULT_SEEDS : 1),
    json: values.json,
  };
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return options;
}
