import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rememberLatest } from '../src/bounded-map.ts';

test('a map holds the keys that were put last, each with its latest value, and no more than the limit', () => {
  const puts = fc.array(fc.record({ key: fc.integer({ min: 0, max: 8 }), value: fc.nat() }), { maxLength: 40 });
  fc.assert(
    fc.property(puts, fc.integer({ min: 1, max: 6 }), (entries, limit) => {
      const map = new Map<number, number>();
      for (const { key, value } of entries) rememberLatest(map, key, value, limit);
      const latest = new Map(entries.map(({ key, value }) => [key, value]));
      const order = [...latest.keys()].sort((a, b) => lastPut(a) - lastPut(b));
      expect([...map]).toEqual(order.slice(-limit).map((key) => [key, latest.get(key)]));

      function lastPut(wanted: number): number {
        return entries.findLastIndex(({ key }) => key === wanted);
      }
    }),
  );
});
