import { describe, expect, test } from '@jest/globals';
import type { AttemptOutcome, Entry } from '@millrace/core';
import { createDeliveryLimits, type DeliveryLimits } from '../src/delivery-limits.ts';
import { entryTo } from './support/entries.ts';

const A = 'https://a.example';
const B = 'https://b.example';
const OK: AttemptOutcome = { kind: 'response', statusCode: 200 };
const BUSY: AttemptOutcome = { kind: 'response', statusCode: 429 };

/** As many start as have places. */
function fill(limits: DeliveryLimits, origin: string): Entry[] {
  const started: Entry[] = [];
  while (limits.placesOf(origin) > 0) {
    const entry = entryTo(origin, `m${started.length}`);
    limits.begin(entry);
    started.push(entry);
  }
  return started;
}

function end(limits: DeliveryLimits, entries: readonly Entry[], outcome: AttemptOutcome): void {
  for (const entry of entries) limits.learn({ entry, outcome });
  for (const entry of entries) limits.end(entry);
}

describe('places', () => {
  test('are for each origin what its limit leaves, and for all together what there are', () => {
    const limits = createDeliveryLimits(24);
    expect(fill(limits, A)).toHaveLength(16);
    expect(limits.places()).toEqual({ total: 8, origins: { byOrigin: new Map([[A, 0]]), others: 16 } });
    expect(fill(limits, B)).toHaveLength(8);
    expect(limits.underWay()).toBe(24);
  });

  test('are beyond those that all share for origins with fewer than four under way, four times as many in all', () => {
    const limits = createDeliveryLimits(2);
    fill(limits, A);
    expect(limits.placesOf(A)).toBe(0);
    expect(limits.places()).toEqual({ total: 6, origins: { byOrigin: new Map([[A, 0]]), others: 2 } });
    for (const name of ['b', 'c', 'd']) expect(fill(limits, `https://${name}.example`)).toHaveLength(2);
    expect(limits.places().total).toBe(0);
    expect(limits.placesOf('https://e.example')).toBe(0);
  });

  test('grow while an origin uses them up, to all there are, and fall when it asks for less', () => {
    const limits = createDeliveryLimits(64);
    for (const places of [16, 32, 64, 64]) {
      const started = fill(limits, A);
      expect(started).toHaveLength(places);
      end(limits, started, OK);
    }
    end(limits, fill(limits, A), BUSY);
    expect(limits.placesOf(A)).toBe(32);
    expect(limits.placesOf(B)).toBe(16);
  });

  test('of an origin that rests are remembered, of the last thousand that differ from a fresh one', () => {
    const limits = createDeliveryLimits(64);
    const origins = Array.from({ length: 1_002 }, (_, index) => `https://${index}.example`);
    for (const origin of origins) end(limits, fill(limits, origin).slice(0, 16), BUSY);
    expect(limits.underWay()).toBe(0);
    expect(origins.map(limits.placesOf).filter((places) => places === 8)).toHaveLength(1_000);
    expect([limits.placesOf(origins[0] ?? ''), limits.placesOf(origins.at(-1) ?? '')]).toEqual([16, 8]);
    expect(limits.places().origins.byOrigin.size).toBe(1_000);
  });

  test('are not counted twice when what has ended is told again', () => {
    const limits = createDeliveryLimits(8);
    const [first] = fill(limits, A);
    if (first === undefined) throw new Error('nothing started');
    limits.end(first);
    limits.end(first);
    limits.learn({ entry: first, outcome: BUSY });
    expect(limits.placesOf(A)).toBe(1);
  });
});
