import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AttemptBatch, EventLog } from '@millrace/core';
import { anAttemptRecord, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { type AttemptLog, createAttemptLog } from '../src/attempt-log.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { pass, settle, useVirtualTime } from './support/virtual-time.ts';

useVirtualTime();

const MOST_WAITING = 10_000;
const BATCH_SIZE = 1_000;
const ALL_TRIES_MS = 16_000;

/** What the store below does with each write: at first it takes them. */
let write: EventLog['write'];
let written: AttemptBatch[];
let drops: { count: number; reason: unknown }[];
let log: AttemptLog;
let batches: number;

function startLog(): AttemptLog {
  written = [];
  drops = [];
  batches = 0;
  write = (batch) => {
    written.push(batch);
    return Promise.resolve();
  };
  return createAttemptLog({
    eventLog: { write: (batch) => write(batch) },
    clock: { now: () => Date.now() },
    randomBytes: (length) => {
      batches += 1;
      return new Uint8Array(length).fill(batches);
    },
    onDrop: (count, reason) => drops.push({ count, reason }),
  });
}

beforeEach(() => {
  log = startLog();
});

function add(count: number, at: AttemptLog = log): void {
  for (let number = 1; number <= count; number++) at.add(anAttemptRecord({ attempt: number }));
}

const sizes = (): number[] => written.map(({ attempts }) => attempts.length);
const dropped = (): number => drops.reduce((sum, { count }) => sum + count, 0);
const full = (): Promise<never> => Promise.reject(new Error('the disk is full'));
const hang = (): Promise<never> => new Promise(() => undefined);

describe('the attempt log', () => {
  test('writes a batch a second, in order, under the time at which it was closed', async () => {
    add(3);
    await pass(999);
    expect(written).toEqual([]);
    await pass(1);
    add(1);
    await pass(1_000);
    expect(sizes()).toEqual([3, 1]);
    expect(written[0]?.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(written[0]?.key).toContain(`/${START_TIME + 1_000}-`);
  });

  test('writes a batch as soon as it is full', async () => {
    add(BATCH_SIZE + 1);
    await settle();
    expect(sizes()).toEqual([BATCH_SIZE]);
    await pass(1_000);
    expect(sizes()).toEqual([BATCH_SIZE, 1]);
  });

  test('writes nothing while nothing is tried', async () => {
    await pass(60_000);
    expect(written).toEqual([]);
  });

  test('tries again under the same key when a write fails, with longer and longer waits', async () => {
    const tries: [key: string, at: number][] = [];
    write = ({ key }) => {
      tries.push([key, Date.now() - START_TIME]);
      return tries.length < 4 ? full() : Promise.resolve();
    };
    add(1);
    await pass(30_000);
    expect(new Set(tries.map(([key]) => key)).size).toBe(1);
    expect(tries.map(([, at]) => at)).toEqual([1_000, 1_250, 1_750, 2_750]);
    expect(drops).toEqual([]);
  });

  test('gives a batch up after its tries, says how many attempts that were, and goes on with the next', async () => {
    write = full;
    add(3);
    await pass(1_000 + ALL_TRIES_MS);
    expect(drops).toEqual([{ count: 3, reason: new Error('the disk is full') }]);
    write = (batch) => {
      written.push(batch);
      return Promise.resolve();
    };
    add(2);
    await pass(1_000);
    expect(sizes()).toEqual([2]);
  });

  test.each<[string, () => Promise<never>]>([
    ['hangs', hang],
    ['fails every write', full],
  ])('takes attempts at once and keeps no more than it may when the store %s', async (_, broken) => {
    write = broken;
    for (let second = 0; second < 30; second++) {
      add(2_000);
      await pass(1_000);
    }
    const kept = 60_000 - dropped();
    expect(kept).toBeLessThanOrEqual(MOST_WAITING);
    expect(dropped()).toBeGreaterThan(0);
  });

  test('asks a store that hangs for one thing at a time', async () => {
    let calls = 0;
    write = () => {
      calls += 1;
      return hang();
    };
    add(5_000);
    await pass(600_000);
    expect(calls).toBe(1);
  });

  test('writes what there is when it stops', async () => {
    add(2_500);
    await log.stop(1_000);
    expect(sizes()).toEqual([1_000, 1_000, 500]);
    expect(drops).toEqual([]);
  });

  test('does not wait between tries when it stops', async () => {
    write = full;
    add(1_500);
    await settle();
    await log.stop(1_000);
    expect(dropped()).toBe(1_500);
  });

  test('is over when its time to stop is, and says what is missing', async () => {
    write = hang;
    add(1_500);
    const stopped = log.stop(2_000);
    await pass(2_000);
    await stopped;
    expect(dropped()).toBe(1_500);
  });

  test(
    'writes or drops every attempt, each once, whatever the store does',
    async () => {
      const step = fc.record({ added: fc.nat(1_500), works: fc.boolean(), ms: fc.nat(3_000) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const other = startLog();
          let total = 0;
          for (const { added, works, ms } of steps) {
            const take = write;
            write = works ? take : full;
            add(added, other);
            total += added;
            await pass(ms);
            write = take;
          }
          const stopped = other.stop(60_000);
          await pass(1);
          await stopped;
          const sum = sizes().reduce((all, size) => all + size, 0);
          expect(sum + dropped()).toBe(total);
          expect(new Set(written.map(({ key }) => key)).size).toBe(written.length);
          expect(Math.max(0, ...sizes())).toBeLessThanOrEqual(BATCH_SIZE);
        }),
      );
    },
    PROPERTY_LIMIT_MS,
  );
});
