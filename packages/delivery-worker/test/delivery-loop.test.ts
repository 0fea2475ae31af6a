import { describe, expect, jest, test } from '@jest/globals';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import { entriesNamed, entryTo } from './support/entries.ts';
import { HOUR_MS, PAUSE_MS, startLoop } from './support/loop-harness.ts';
import { pass, useVirtualTime } from './support/virtual-time.ts';

useVirtualTime();

describe('the loop takes', () => {
  test('as many as may be under way when it starts, and delivers each alone', async () => {
    const { queue, deliveries, loop, answer } = await startLoop({ concurrency: 5 });
    expect(queue.takes.map(({ limit }) => limit)).toEqual([5]);
    await answer(entriesNamed('a', 'b', 'c'));
    expect(deliveries.started).toEqual([['a'], ['b'], ['c']]);
    expect(loop.inFlight()).toBe(3);
  });

  test('while all places are taken only what goes to origins with few under way', async () => {
    const { queue, answer } = await startLoop({ concurrency: 6 });
    const busy = Array.from({ length: 5 }, (_, index) => entryTo('https://busy.example', `b${index}`));
    await answer([...busy, entryTo('https://other.example', 'o')]);
    expect(queue.takes.map(({ limit, origins }) => ({ limit, ...origins }))).toEqual([
      { limit: 6, byOrigin: new Map(), others: 6 },
      {
        limit: 18,
        byOrigin: new Map([
          ['https://busy.example', 0],
          ['https://other.example', 3],
        ]),
        others: 4,
      },
    ]);
  });

  test('nothing while four times as many are under way as there are places', async () => {
    const { queue, answer } = await startLoop({ concurrency: 1 });
    await answer([entryTo('https://a.example', 'a')]);
    await answer(['b', 'c', 'd'].map((name) => entryTo(`https://${name}.example`, name)));
    queue.announce();
    await pass(HOUR_MS);
    expect(queue.takes.map(({ limit }) => limit)).toEqual([1, 3]);
  });

  test('as many as have room when a delivery ends, and only once for all that end together', async () => {
    const { queue, deliveries, loop, answer } = await startLoop({ concurrency: 3 });
    await answer(entriesNamed('a', 'b', 'c'));
    await answer([]);
    deliveries.finish('b');
    deliveries.finish('a');
    await pass(0);
    expect(queue.takes.map(({ limit }) => limit)).toEqual([3, 9, 2]);
    expect(loop.inFlight()).toBe(1);
  });

  test('on when it got as many as it asked for, and rests when it got fewer', async () => {
    const { queue, answer } = await startLoop({ concurrency: 2 });
    await answer(entriesNamed('a', 'b'));
    expect(queue.takes.map(({ limit }) => limit)).toEqual([2, 6]);
    await answer([entryTo('https://other.example', 'c')]);
    await pass(HOUR_MS);
    expect(queue.takes).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('again after a take during which a delivery ended: it may have left out what waits for its place', async () => {
    const { queue, deliveries, answer } = await startLoop({ concurrency: 2 });
    await answer(entriesNamed('a', 'b'));
    deliveries.finish('a');
    await pass(0);
    expect(queue.takes.map(({ limit }) => limit)).toEqual([2, 6]);
    await answer([]);
    expect(queue.takes.map(({ limit }) => limit)).toEqual([2, 6, 1]);
  });

  test('one at a time', async () => {
    const { queue, answer } = await startLoop();
    queue.announce();
    await pass(HOUR_MS);
    expect(queue.takes).toHaveLength(1);
    await answer([]);
    expect(queue.takes).toHaveLength(2);
  });
});

describe('the loop wakes', () => {
  test('when there is work, once for all that is announced together', async () => {
    const { queue, answer } = await startLoop();
    await answer([]);
    queue.announce();
    queue.announce();
    await pass(0);
    expect(queue.takes).toHaveLength(2);
  });

  test('when the next entry falls due, not before', async () => {
    const { queue, answer } = await startLoop();
    await answer([], START_TIME + 1_500);
    await pass(1_499);
    expect(queue.takes).toHaveLength(1);
    await pass(1);
    expect(queue.takes).toHaveLength(2);
  });

  test('only for what the latest take said falls due next', async () => {
    const { queue, answer } = await startLoop();
    await answer([], START_TIME + 1_000);
    queue.announce();
    await pass(0);
    await answer([], START_TIME + 5_000);
    await pass(4_999);
    expect(queue.takes).toHaveLength(2);
    await pass(1);
    expect(queue.takes).toHaveLength(3);
  });

  test('at once when what falls due next is due already', async () => {
    const { queue, answer } = await startLoop();
    await answer([], START_TIME - 1);
    expect(queue.takes).toHaveLength(2);
  });

  test('every minute while it waits for something later, in case the clock is set forward', async () => {
    const clock = createManualClock();
    const { queue, answer } = await startLoop({ clock });
    await answer([], START_TIME + 100 * 24 * HOUR_MS);
    clock.advance(100 * 24 * HOUR_MS);
    await pass(59_999);
    expect(queue.takes).toHaveLength(1);
    await pass(1);
    expect(queue.takes).toHaveLength(2);
  });

  test('after a take during which work was announced: the answer may be older than the work', async () => {
    const { queue, answer } = await startLoop();
    queue.announce();
    await pass(0);
    await answer([], START_TIME + HOUR_MS);
    expect(queue.takes).toHaveLength(2);
    await answer([], START_TIME + HOUR_MS);
    expect(queue.takes).toHaveLength(2);
  });
});

describe('when a take fails the loop', () => {
  test('says so, pauses, and goes on', async () => {
    const { queue, errors } = await startLoop();
    queue.takes[0]?.fail(new Error('the disk is full'));
    await pass(PAUSE_MS - 1);
    expect(errors).toEqual([new Error('the disk is full')]);
    expect(queue.takes).toHaveLength(1);
    await pass(1);
    expect(queue.takes).toHaveLength(2);
  });

  test('pauses whatever work is announced meanwhile', async () => {
    const { queue } = await startLoop();
    queue.takes[0]?.fail(new Error('the disk is full'));
    for (let i = 0; i < 10; i++) {
      await pass(10);
      queue.announce();
    }
    expect(queue.takes).toHaveLength(1);
    await pass(PAUSE_MS);
    expect(queue.takes).toHaveLength(2);
  });

  test('pauses no longer because the clock is set back', async () => {
    const clock = createManualClock();
    const { queue } = await startLoop({ clock });
    queue.takes[0]?.fail(new Error('the disk is full'));
    await pass(0);
    clock.advance(-HOUR_MS);
    await pass(PAUSE_MS);
    expect(queue.takes).toHaveLength(2);
  });
});

describe('a delivery', () => {
  test('that is acknowledged is not released', async () => {
    const { queue, deliveries, loop, answer } = await startLoop();
    await answer(entriesNamed('a'));
    deliveries.finish('a');
    await pass(0);
    expect(queue.releases).toEqual([]);
    expect(loop.inFlight()).toBe(0);
  });

  test('that is left is released before it stops to count', async () => {
    const { queue, deliveries, loop, answer } = await startLoop();
    await answer(entriesNamed('a', 'b'));
    deliveries.finish('b', 'leave');
    await pass(0);
    expect(queue.releases).toEqual([['b']]);
    expect(loop.inFlight()).toBe(1);
  });

  test('that fails is reported and released, and the loop pauses and goes on', async () => {
    const { queue, deliveries, errors, answer } = await startLoop({ concurrency: 3 });
    await answer(entriesNamed('a', 'b'));
    deliveries.fail('a');
    await pass(PAUSE_MS - 1);
    expect(errors).toEqual([new Error('cannot deliver a')]);
    expect(queue.releases).toEqual([['a']]);
    expect(queue.takes).toHaveLength(1);
    await pass(1);
    expect(queue.takes.map(({ limit }) => limit)).toEqual([3, 2]);
  });

  test('that fails during a take pauses the loop just as long, whatever the take says', async () => {
    const { queue, deliveries, answer } = await startLoop({ concurrency: 2 });
    await answer(entriesNamed('a'));
    queue.announce();
    await pass(0);
    deliveries.fail('a');
    await pass(0);
    await answer([], START_TIME + HOUR_MS);
    await pass(PAUSE_MS - 1);
    expect(queue.takes).toHaveLength(2);
    await pass(1);
    expect(queue.takes).toHaveLength(3);
  });

  test.each(['left', 'failed'])(
    'that %s and cannot be released is released again before the next take',
    async (how) => {
      const { queue, deliveries, errors, answer } = await startLoop({ concurrency: 3 });
      await answer(entriesNamed('a', 'b'));
      queue.failReleases(2);
      if (how === 'left') deliveries.finish('a', 'leave');
      else deliveries.fail('a');
      await pass(0);
      expect(queue.releases).toEqual([['a']]);
      await pass(PAUSE_MS);
      expect(queue.releases).toEqual([['a'], ['a']]);
      expect(queue.takes).toHaveLength(1);
      await pass(PAUSE_MS);
      expect(queue.releases).toEqual([['a'], ['a'], ['a']]);
      expect(queue.takes).toHaveLength(2);
      expect(errors.filter((error) => error instanceof Error && error.message === 'cannot release')).toHaveLength(2);
      await answer([]);
      deliveries.finish('b');
      await pass(PAUSE_MS);
      expect(queue.takes).toHaveLength(3);
      expect(queue.releases).toHaveLength(3);
    },
  );

  test('that cannot be released while another is released again is not forgotten', async () => {
    const { queue, deliveries, answer } = await startLoop({ concurrency: 3 });
    await answer(entriesNamed('a', 'b'));
    queue.failReleases(1);
    deliveries.finish('a', 'leave');
    await pass(0);
    queue.delayReleases(10);
    await pass(PAUSE_MS);
    expect(queue.releases).toEqual([['a'], ['a']]);
    // The release of `b` fails just before that of `a` succeeds.
    queue.delayReleases(5);
    queue.failReleases(1);
    deliveries.finish('b', 'leave');
    await pass(10);
    await answer([]);
    await pass(PAUSE_MS);
    expect(queue.releases).toEqual([['a'], ['a'], ['b'], ['b']]);
  });

  test('shows in the progress: when it is taken and when it ends, not when nothing comes', async () => {
    const { queue, deliveries, loop, answer } = await startLoop();
    expect(loop.lastProgressAt()).toBe(START_TIME);
    await pass(10);
    await answer(entriesNamed('a'));
    expect(loop.lastProgressAt()).toBe(START_TIME + 10);
    await pass(20);
    queue.announce();
    await pass(0);
    await answer([]);
    expect(loop.lastProgressAt()).toBe(START_TIME + 10);
    deliveries.finish('a');
    await pass(5);
    expect(loop.lastProgressAt()).toBe(START_TIME + 30);
  });
});
