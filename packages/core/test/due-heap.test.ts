import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDueHeap } from '../src/due-heap.ts';

test('what waits for its time comes by time, and at one time in the order of waiting', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (dues, now) => {
      const heap = createDueHeap<number>();
      for (const [index, due] of dues.entries()) heap.push(due, index);
      const popped: number[] = [];
      for (let next = heap.popDue(now); next !== undefined; next = heap.popDue(now)) popped.push(next.item);
      const waiting = dues.map((due, index) => ({ due, index })).filter(({ due }) => due <= now);
      const later = dues.filter((due) => due > now);
      expect(heap.size()).toBe(later.length);
      expect(heap.nextDue()).toBe(Math.min(...later, Number.POSITIVE_INFINITY));
      expect(popped).toEqual(waiting.sort((a, b) => a.due - b.due).map(({ index }) => index));
    }),
  );
});
