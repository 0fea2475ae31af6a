/** `pnpm sim:mutants [--seeds N] [--only TEXT]`: exits with 1 when a mutant gets away. */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { errorMessage } from '@millrace/core';
import { MUTANTS, type Mutant } from './mutants.ts';
import { judge, type Verdict } from './verdict.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '3000' }, only: { type: 'string', default: '' } },
});
const mutants = MUTANTS.filter(({ name }) => name.includes(values.only));
const width = Math.max(...mutants.map(({ name }) => name.length));
let escaped = 0;

function describe(verdict: Verdict): string {
  if (verdict.caught === null) return `NOT CAUGHT in ${verdict.seeds} seeds`;
  return `${verdict.world} seed ${verdict.seeds}: ${verdict.caught}`;
}

function tell({ name, file }: Mutant, isCaught: boolean, what: string): void {
  process.stdout.write(`${name.padEnd(width)}  ${(file.split('/').at(-1) ?? '').padEnd(24)}  ${what}\n`);
  if (!isCaught) escaped += 1;
}

const start = performance.now();
const waiting = [...mutants];
async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    try {
      const verdict = await judge(mutant, Number(values.seeds));
      tell(mutant, verdict.caught !== null, describe(verdict));
    } catch (error) {
      tell(mutant, false, `CANNOT BE RUN: ${errorMessage(error)}`);
    }
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
const seconds = Math.round((performance.now() - start) / 1_000);
process.stdout.write(`\n${mutants.length - escaped} of ${mutants.length} mutants were caught, in ${seconds} s\n`);
if (escaped > 0) process.exitCode = 1;
