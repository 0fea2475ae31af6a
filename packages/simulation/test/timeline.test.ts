import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTimeline } from '../src/timeline.ts';

describe('a timeline', () => {
  test('lets everything happen in the order of its time, and what comes at one time in the order it was added', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 20 }), async (times) => {
        const timeline = createTimeline(0);
        const happened: [number, number][] = [];
        for (const [index, time] of times.entries()) timeline.at(time, () => happened.push([timeline.now(), index]));
        await timeline.run();
        const expected = times.map((time, index) => [time, index] as const);
        expect(happened).toEqual(expected.toSorted(([a, i], [b, j]) => a - b || i - j));
      }),
    );
  });

  test('lets promises come to rest before time passes', async () => {
    const timeline = createTimeline(0);
    const seen: number[] = [];
    timeline.at(1, async () => {
      for (let step = 0; step < 10; step++) await Promise.resolve();
      seen.push(timeline.now());
    });
    timeline.at(2, () => seen.push(timeline.now()));
    await timeline.run();
    expect(seen).toEqual([1, 2]);
  });

  test('keeps what comes after the end of a run for the next one', async () => {
    const timeline = createTimeline(0);
    const seen: number[] = [];
    for (const time of [1, 2, 3]) timeline.at(time, () => seen.push(time));
    await timeline.run(2);
    expect([seen, timeline.isIdle()]).toEqual([[1, 2], false]);
    await timeline.run();
    expect([seen, timeline.isIdle()]).toEqual([[1, 2, 3], true]);
  });

  test('is over when it is stopped', async () => {
    const timeline = createTimeline(0);
    const seen: number[] = [];
    timeline.at(1, timeline.stop);
    timeline.at(2, () => seen.push(2));
    await timeline.run();
    timeline.at(3, () => seen.push(3));
    await timeline.run();
    expect(seen).toEqual([]);
  });
});
