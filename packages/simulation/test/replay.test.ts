import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { arbitraryHistory } from '../src/arbitrary-history.ts';
import { WORLDS } from '../src/history.ts';
import { runHistory } from '../src/run-history.ts';

describe.each(WORLDS)('a history of %s', (world) => {
  test('happens in the same way, step by step, whenever it is run', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryHistory(world), async (history) => {
        const [first, second] = [await runHistory(history, true), await runHistory(history, true)];
        expect(second).toEqual(first);
        expect(first.steps.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});
