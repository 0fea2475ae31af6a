import { describe, expect, test } from '@jest/globals';
import { createDataset } from '@millrace/checkpoint';
import { type GeneratedEvent, type GeneratorOptions, generateVisitEvents } from '@millrace/checkpoint/testing';

const START = Date.UTC(2024, 0, 1);
const COUNT = 2_000;
const dataset = createDataset('visit-events');

const generate = (options: Partial<GeneratorOptions> = {}): readonly GeneratedEvent[] => [
  ...generateVisitEvents({ count: COUNT, ...options }),
];

describe('generated visit events', () => {
  test('are valid, under names that tell their second', () => {
    const readings = generate({ lateShare: 0.1 }).map(({ name, event, bytes }) => {
      const [row] = dataset.readObject(bytes).rows;
      const key = dataset.readKey(name);
      const second = Math.floor(event.timestamp / 1_000_000) * 1_000;
      return row?.timestamp === event.timestamp && key.kind === 'source' && key.time === second;
    });
    expect(readings).toEqual(readings.map(() => true));
  });

  test('are the same for the same seed, and others for another', () => {
    const texts = (seed: number) => generate({ seed }).map(({ name, bytes }) => name + new TextDecoder().decode(bytes));
    expect(texts(7)).toEqual(texts(7));
    expect(texts(8)[0]).not.toBe(texts(7)[0]);
  });

  test('have a name each', () => {
    const names = generate({ count: 20_000, step: 0 }).map(({ name }) => name);
    expect(new Set(names).size).toBe(20_000);
  });

  test('come in the order of time, but for the share that is late', () => {
    const latest = (events: readonly GeneratedEvent[]): number => {
      let newest = 0;
      return events.filter(({ event }) => {
        const isLate = event.timestamp < newest - 1_000;
        newest = Math.max(newest, event.timestamp);
        return isLate;
      }).length;
    };
    expect(latest(generate())).toBe(0);
    expect(latest(generate({ lateShare: 0.2 })) / COUNT).toBeCloseTo(0.2, 1);
  });

  test('begin at the start, go on by the step, and are of the studies that are asked for', () => {
    const events = generate({ start: START, step: 60_000, studies: ['one', 'two'] }).map(({ event }) => event);
    expect(events[0]?.timestamp).toBeGreaterThanOrEqual(START * 1_000);
    const spanMs = ((events.at(-1)?.timestamp ?? 0) - START * 1_000) / 1_000;
    expect(spanMs / COUNT / 60_000).toBeCloseTo(1, 1);
    expect(new Set(events.map(({ study }) => study))).toEqual(new Set(['one', 'two']));
  });
});
