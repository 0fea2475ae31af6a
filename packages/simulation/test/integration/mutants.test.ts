/** The harness of `pnpm sim:mutants`: a broken rule is put into the real code, and the simulation notices. */

import { describe, expect, test } from '@jest/globals';
import { mutate } from '../../src/mutants/load-mutant.ts';
import { CONTROL, MUTANTS } from '../../src/mutants/mutants.ts';
import { judge } from '../../src/mutants/verdict.ts';

const SEEDS = 20;

function named(name: string) {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  return mutant;
}

describe('a mutant', () => {
  test.each([
    ['takes over without counting the attempt', 'each claim counts as an attempt'],
    ['forgets to send the entry of a retry', 'what waits has an entry that will bring it about'],
    ['forgets the dead letter', 'people are told of every dead letter'],
    ['books a message twice', 'the books balance'],
  ])(
    'that %s is caught: %s',
    async (name, invariant) => {
      expect(await judge(named(name), SEEDS)).toMatchObject({ caught: invariant });
    },
    120_000,
  );

  test('that breaks nothing is not caught', async () => {
    const verdict = await judge(CONTROL, SEEDS);
    expect(verdict).toEqual({ caught: null, seeds: SEEDS });
  }, 120_000);

  test.each([
    ['not there', 'let a = 1;'],
    ['there twice', 'const a = 1; const a = 1;'],
  ])('whose code is %s is refused', (_, source) => {
    expect(() => mutate(source, 'const a = 1;', '', 'a.ts')).toThrow('a.ts has');
  });
});
