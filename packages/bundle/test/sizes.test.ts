import { expect, test } from '@jest/globals';
import { findOversize, formatSizes } from '../src/sizes.ts';

const size = { name: 'ingest-api', raw: 400_000, zipped: 150_001, budget: 150_000 };
const inputs = Array.from({ length: 12 }, (_, i) => ({ path: `src/file-${i}.ts`, bytes: 12_000 - i }));

test('a zip of one byte too many is a problem that names its ten largest inputs', () => {
  const [problem = '', ...others] = findOversize(size, inputs);
  expect(others).toEqual([]);
  const [head, ...lines] = problem.split('\n');
  expect(head).toContain('ingest-api is too large: 150.0 kB of at most 150.0 kB');
  expect(lines.map((line) => line.trim().split(/\s+/).at(-1))).toEqual(inputs.slice(0, 10).map(({ path }) => path));
});

test('a zip of exactly its budget is none', () => {
  expect(findOversize({ ...size, zipped: size.budget }, inputs)).toEqual([]);
});

test('the table has a line for each zip', () => {
  expect(formatSizes([size, { ...size, name: 'a' }])).toBe(
    [
      'zip                raw      zipped      budget',
      'ingest-api    400.0 kB    150.0 kB    150.0 kB',
      'a             400.0 kB    150.0 kB    150.0 kB',
      '',
    ].join('\n'),
  );
});
