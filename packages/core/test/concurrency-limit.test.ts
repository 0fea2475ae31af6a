import { describe, expect, test } from '@jest/globals';
import {
  type AttemptOutcome,
  type ConcurrencyLimit,
  firstLimit,
  type LoadSignal,
  limitAtEnd,
  limitAtStart,
  loadSignal,
} from '@millrace/core';
import fc from 'fast-check';

const MOST = 128;

/** An origin whose requests are numbered as they start. */
class Origin {
  limit: ConcurrencyLimit;
  readonly underWay: number[] = [];
  started = 0;
  private readonly most: number;

  constructor(most = MOST) {
    this.most = most;
    this.limit = firstLimit(most);
  }

  start(): void {
    this.started += 1;
    this.underWay.push(this.started);
    this.limit = limitAtStart(this.limit, this.started, this.underWay.length);
  }

  fill(): void {
    while (this.underWay.length < Math.floor(this.limit.limit)) this.start();
  }

  end(index: number, signal: LoadSignal): void {
    const [request] = this.underWay.splice(index % Math.max(1, this.underWay.length), 1);
    if (request === undefined) return;
    this.limit = limitAtEnd(this.limit, signal, { request, latest: this.started, most: this.most });
  }

  /** As many start as may, and all of them end. */
  round(signal: LoadSignal): void {
    this.fill();
    while (this.underWay.length > 0) this.end(0, signal);
  }
}

describe('the limit of an origin', () => {
  test('begins moderately, and never above what there is', () => {
    expect(firstLimit(128).limit).toBe(16);
    expect(firstLimit(3).limit).toBe(3);
  });

  test('doubles with each round that succeeds: all places are its own within a few hundred requests', () => {
    const origin = new Origin();
    for (let round = 0; round < 3; round++) origin.round('success');
    expect(origin.limit.limit).toBe(MOST);
    expect(origin.started).toBeLessThanOrEqual(112);
  });

  test('grows by one a round once it has been halved', () => {
    const origin = new Origin();
    origin.round('success');
    origin.round('overload');
    expect(origin.limit.limit).toBe(16);
    origin.round('success');
    expect(origin.limit.limit).toBeGreaterThan(16.9);
    expect(origin.limit.limit).toBeLessThanOrEqual(17);
  });

  test('does not grow while it is not used up, or by requests that tell nothing', () => {
    const origin = new Origin();
    for (let count = 0; count < 100; count++) {
      origin.start();
      origin.end(0, 'success');
    }
    expect(origin.limit.limit).toBe(16);
    origin.round('none');
    expect(origin.limit.limit).toBe(16);
  });

  test('is halved once for all requests that were under way together, and again by one that started later', () => {
    const origin = new Origin();
    origin.fill();
    for (let count = 0; count < 15; count++) origin.end(0, 'overload');
    expect(origin.limit.limit).toBe(8);
    origin.start();
    origin.end(1, 'overload');
    expect(origin.limit.limit).toBe(4);
    origin.end(0, 'overload');
    expect(origin.limit.limit).toBe(4);
  });

  test('does not grow by what was under way before it was halved', () => {
    const origin = new Origin();
    origin.fill();
    origin.end(0, 'overload');
    while (origin.underWay.length > 0) origin.end(0, 'success');
    expect(origin.limit.limit).toBe(8);
  });

  const step = fc.record({
    starts: fc.nat({ max: 5 }),
    end: fc.nat(),
    signal: fc.constantFrom<LoadSignal>('success', 'success', 'success', 'overload', 'none'),
  });

  test('stays from 1 to what there is, grows by at most one and falls by at most half at a time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(step, { maxLength: 200, size: 'max' }), (most, steps) => {
        const origin = new Origin(most);
        for (const { starts, end, signal } of steps) {
          for (let count = 0; count < starts; count++) {
            if (origin.underWay.length < Math.floor(origin.limit.limit)) origin.start();
          }
          const before = origin.limit.limit;
          origin.end(end, signal);
          const { limit } = origin.limit;
          expect(limit).toBeGreaterThanOrEqual(Math.max(1, signal === 'overload' ? before / 2 : before));
          expect(limit).toBeLessThanOrEqual(Math.min(most, signal === 'success' ? before + 1 : before));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('after any history comes back to all places when requests succeed, and to one when they do not', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const origin = new Origin(20);
        for (const { end, signal } of steps) {
          origin.fill();
          origin.end(end, signal);
        }
        for (let round = 0; round < 6; round++) origin.round('overload');
        expect(origin.limit.limit).toBe(1);
        for (let round = 0; round < 30; round++) origin.round('success');
        expect(origin.limit.limit).toBe(20);
      }),
      { numRuns: 100 },
    );
  });
});

test.each<[AttemptOutcome, LoadSignal]>([
  [{ kind: 'response', statusCode: 200 }, 'success'],
  [{ kind: 'response', statusCode: 299 }, 'success'],
  [{ kind: 'response', statusCode: 429 }, 'overload'],
  [{ kind: 'response', statusCode: 503 }, 'overload'],
  [{ kind: 'timeout', detail: '' }, 'overload'],
  [{ kind: 'response', statusCode: 404 }, 'none'],
  [{ kind: 'response', statusCode: 500 }, 'none'],
  [{ kind: 'connection', detail: '' }, 'none'],
  [{ kind: 'expired' }, 'none'],
])('%o tells of the load of its origin: %s', (outcome, signal) => {
  expect(loadSignal(outcome)).toBe(signal);
});
