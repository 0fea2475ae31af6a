import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dueMessages, nextStep, openLoopInterval, type Schedule } from '../src/load/schedule.ts';

function openSchedule(overrides: Partial<Schedule> = {}): Schedule {
  return { intervalMs: 10, batch: 1, count: Infinity, durationMs: Infinity, ...overrides };
}

interface Sent {
  readonly index: number;
  readonly atMs: number;
  readonly dueMs: number;
  readonly messages: number;
}

/** Walks a fake clock through the given moments and takes every step that is offered at each. */
function run(schedule: Schedule, moments: readonly number[]): { sent: Sent[]; stopped: boolean } {
  const sent: Sent[] = [];
  for (const atMs of moments) {
    for (;;) {
      const step = nextStep(schedule, sent.length, atMs);
      if (step.kind === 'stop') return { sent, stopped: true };
      if (step.kind === 'wait') break;
      sent.push({ index: sent.length, atMs, dueMs: step.dueMs, messages: step.messages });
    }
  }
  return { sent, stopped: false };
}

const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 });
const rate = fc.double({ min: 0.5, max: 5_000, noNaN: true });

function momentsOf(gapList: readonly number[]): number[] {
  let now = 0;
  return gapList.map((gap) => {
    now += gap;
    return now;
  });
}

describe('the open loop', () => {
  test('sends request k when k intervals have passed, never sooner, however irregular the clock is looked at', () => {
    fc.assert(
      fc.property(gaps, rate, fc.integer({ min: 1, max: 100 }), (gapList, perSecond, batch) => {
        const intervalMs = openLoopInterval(perSecond, batch);
        const moments = momentsOf(gapList);
        const { sent } = run(openSchedule({ intervalMs, batch }), moments);
        for (const { index, atMs, dueMs } of sent) {
          expect(dueMs).toBeCloseTo((index * batch * 1_000) / perSecond, 6);
          expect(atMs).toBeGreaterThanOrEqual(dueMs);
        }
      }),
    );
  });

  test('has sent everything that is due each time it is called, so that a stall delays but drops nothing', () => {
    fc.assert(
      fc.property(gaps, rate, (gapList, perSecond) => {
        const schedule = openSchedule({ intervalMs: openLoopInterval(perSecond, 1) });
        const moments = momentsOf(gapList);
        const end = moments.at(-1) ?? 0;
        expect(run(schedule, moments).sent.length).toBe(dueMessages(schedule, end));
      }),
    );
  });

  test('counts the latency of a request that was late from when it was due', () => {
    const { sent } = run(openSchedule({ intervalMs: 10 }), [0, 35]);
    expect(sent.map(({ dueMs }) => dueMs)).toEqual([0, 10, 20, 30]);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 35, 35, 35]);
  });

  test('says until when to wait', () => {
    expect(nextStep(openSchedule({ intervalMs: 10 }), 3, 25)).toEqual({ kind: 'wait', untilMs: 30 });
  });

  test('sends what is due before the end of the time and nothing at it', () => {
    const schedule = openSchedule({ intervalMs: 10, durationMs: 30 });
    const { sent, stopped } = run(schedule, [0, 10, 20, 30, 40]);
    expect(sent.map(({ dueMs }) => dueMs)).toEqual([0, 10, 20]);
    expect(stopped).toBe(true);
    expect(dueMessages(schedule, 1_000)).toBe(3);
    // Nothing more will be due: the run does not wait for the end of its time.
    expect(nextStep(schedule, 3, 25)).toEqual({ kind: 'stop' });
  });

  test('tells how many messages were due when the time was up', () => {
    expect(dueMessages(openSchedule({ intervalMs: 10, batch: 5 }), 25)).toBe(15);
    expect(dueMessages(openSchedule({ intervalMs: 10, batch: 5, count: 12 }), 25)).toBe(12);
  });
});

describe('the closed loop', () => {
  test('always sends, counting the latency from that moment', () => {
    const schedule = openSchedule({ intervalMs: 0, count: 100 });
    expect(nextStep(schedule, 7, 1_234.5)).toEqual({ kind: 'send', dueMs: 1_234.5, messages: 1 });
    expect(dueMessages(schedule, 1_000)).toBe(0);
  });

  test('stops when the time is up', () => {
    expect(nextStep(openSchedule({ intervalMs: 0, durationMs: 50 }), 7, 50)).toEqual({ kind: 'stop' });
  });
});

test('requests together hold exactly the count of messages, all but the last full', () => {
  const loop = fc.constantFrom(0, 1);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 100 }),
      loop,
      (count, batch, interval) => {
        const { sent, stopped } = run(openSchedule({ intervalMs: interval, batch, count }), [0, 10_000]);
        expect(stopped).toBe(true);
        expect(sent.reduce((sum, { messages }) => sum + messages, 0)).toBe(count);
        for (const { messages } of sent.slice(0, -1)) expect(messages).toBe(batch);
      },
    ),
  );
});
