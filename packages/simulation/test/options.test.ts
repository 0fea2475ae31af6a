import { describe, expect, test } from '@jest/globals';
import { readOptions } from '../src/options.ts';

describe('the options of a simulation', () => {
  test('are by default 300 seeds of both worlds', () => {
    expect(readOptions([])).toEqual({ worlds: ['machine', 'aws'], firstSeed: 1, seeds: 300, json: false });
  });

  test('name one seed, or the first of several', () => {
    expect(readOptions(['--seed', '7', '--world', 'aws'])).toMatchObject({ worlds: ['aws'], firstSeed: 7, seeds: 1 });
    expect(readOptions(['--seed', '7', '--seeds', '20'])).toMatchObject({ firstSeed: 7, seeds: 20 });
  });

  test('are refused with every problem', () => {
    expect(() => readOptions(['--seeds', '0', '--seed', 'x', '--world', 'moon'])).toThrow(
      [
        '--world must be aws, machine or both, not "moon"',
        '--seed must be a whole number from 0 to 2147483647, not "x"',
        '--seeds must be a whole number from 1 to 2147483647, not "0"',
      ].join('\n'),
    );
  });
});
