import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { mutate } from '../src/mutants/load-mutant.ts';
import { CONTROL, MUTANTS } from '../src/mutants/mutants.ts';

const PACKAGES = path.resolve(import.meta.dirname, '../..');

test.each([...MUTANTS, CONTROL])('the code that "$name" changes is there once', ({ file, code, instead }) => {
  const source = readFileSync(path.join(PACKAGES, file), 'utf8');
  expect(mutate(source, code, instead, file)).not.toBe(source);
});

test('mutants have names of their own', () => {
  const names = [...MUTANTS, CONTROL].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
