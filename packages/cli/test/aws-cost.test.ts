/** What a message costs on AWS. A change that makes calls more or dearer fails here. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { billOf } from '../bench/cost/bill.ts';
import { BATCHES, SINGLE } from '../bench/cost/load.ts';
import { costOf, PRICES } from '../bench/cost/prices.ts';
import { countUsage, type Usage } from '../bench/cost/usage.ts';

/** The emulators are slow: a thousand writes a second at best. */
const TIMEOUT_MS = 60_000;
/** CPU milliseconds of an invocation with 100 messages: more than was ever measured. */
const ALLOWED_CPU = { apiMs: 200, workerMs: 300 };
const NO_SCANS = 0;

function aUsage(fields: Partial<Usage> = {}): Usage {
  return {
    messages: 100,
    attempts: 100,
    apiRequests: 1,
    workerInvocations: 1,
    writeUnits: 301,
    readUnits: 0,
    sqsSends: 10,
    sqsReceives: 10,
    sqsDeletes: 10,
    s3Puts: 0,
    s3Gets: 0,
    egressBytes: 130_000,
    accountingReadUnits: 6,
    ...fields,
  };
}

describe('messages of 1 KB that are delivered at the first try', () => {
  test(
    'need 3.01 write units and 0.3 queue requests each in batches of 100',
    async () => {
      const usage = await countUsage(BATCHES, 200);
      expect(usage).toEqual({
        messages: 200,
        attempts: 200,
        apiRequests: 2,
        workerInvocations: 2,
        writeUnits: 602,
        // What is known of the target: an origin and a URL, once in three seconds.
        readUnits: 1,
        sqsSends: 20,
        sqsReceives: 20,
        sqsDeletes: 20,
        s3Puts: 0,
        s3Gets: 0,
        egressBytes: expect.any(Number),
        accountingReadUnits: expect.any(Number),
      });
      // A body of 1,024 bytes, the head of the request with its signature, and its part of the answer.
      expect(usage.egressBytes / 200).toBeLessThan(1_450);
      // A row of less than half a KB: eventually consistent reads, two rows for each KB.
      expect(usage.accountingReadUnits / 200).toBeLessThan(0.065);
      expect(billOf(usage, ALLOWED_CPU, NO_SCANS).dollars).toBeLessThan(2.6);
    },
    TIMEOUT_MS,
  );

  test(
    'need a write unit and a send more when they come one a POST',
    async () => {
      expect(await countUsage(SINGLE, 100)).toMatchObject({
        apiRequests: 100,
        workerInvocations: 1,
        writeUnits: 400,
        readUnits: 1,
        sqsSends: 100,
        sqsReceives: 10,
        sqsDeletes: 10,
        s3Puts: 0,
        s3Gets: 0,
      });
    },
    TIMEOUT_MS,
  );
});

test(
  'a message that fails once needs two write units and a round through the queue more',
  async () => {
    const usage = await countUsage({ ...BATCHES, failEvery: 10 }, 100);
    expect(usage).toMatchObject({
      attempts: 110,
      // And one a second at most for the circuit of the target.
      writeUnits: 301 + 10 * 2 + 2,
      readUnits: 2,
      sqsSends: 10 + 10,
      s3Puts: 0,
    });
    // A batch that is not full ends with a receive that finds nothing; a retry that waits for nothing has its own.
    expect(usage.workerInvocations).toBeLessThanOrEqual(3);
    expect(usage.sqsReceives).toBeLessThanOrEqual(14);
    expect(usage.sqsDeletes).toBeLessThanOrEqual(12);
  },
  TIMEOUT_MS,
);

test(
  'a repeat of a delivered message needs one write unit, and nothing of the queue',
  async () => {
    const usage = await countUsage(BATCHES, 100, { posts: 2 });
    expect(usage).toMatchObject({ attempts: 100, writeUnits: 301 + 100, readUnits: 1 });
    expect(usage).toMatchObject({ sqsSends: 10, sqsReceives: 10, sqsDeletes: 10 });
  },
  TIMEOUT_MS,
);

describe('the bill', () => {
  test('says the same of a million messages however many were counted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 100 }), (times, scansPerDay) => {
        const usage = aUsage();
        const entries = Object.entries(usage).map(([name, value]) => [name, value * times]);
        const more: Usage = { ...usage, ...Object.fromEntries(entries) };
        const [one, other] = [billOf(usage, ALLOWED_CPU, scansPerDay), billOf(more, ALLOWED_CPU, scansPerDay)];
        expect(other.dollars).toBeCloseTo(one.dollars, 9);
        for (const [index, line] of [...one.lines, ...one.kept].entries()) {
          expect([...other.lines, ...other.kept][index]?.dollars).toBeCloseTo(line.dollars, 9);
        }
      }),
    );
  });

  test('charges each use at its price', () => {
    const nothing = billOf(aUsage(), ALLOWED_CPU, NO_SCANS).dollars;
    const more = (fields: Partial<Usage>): number => billOf(aUsage(fields), ALLOWED_CPU, NO_SCANS).dollars - nothing;
    // A hundred messages were counted: one more of anything is 10,000 more for a million.
    expect(more({ writeUnits: 302 })).toBeCloseTo(0.00625, 9);
    expect(more({ readUnits: 1 })).toBeCloseTo(0.00125, 9);
    expect(more({ sqsReceives: 11 })).toBeCloseTo(0.004 + 0.001, 9);
    expect(more({ s3Puts: 1 })).toBeCloseTo(0.05, 9);
    expect(more({ s3Gets: 1 })).toBeCloseTo(0.004, 9);
    expect(more({ egressBytes: 230_000 })).toBeCloseTo(0.09, 9);
  });

  test('has Lambda milliseconds at the memory of the function', () => {
    const [slow, fast] = [1_769, 0].map((apiMs) => billOf(aUsage(), { ...ALLOWED_CPU, apiMs }, NO_SCANS).dollars);
    // 1,769 ms on a whole core are 6.11 s on what comes with 512 MB, half a GB of them: 10,000 times.
    const seconds = (1.769 * 1_769) / 512;
    expect((slow ?? 0) - (fast ?? 0)).toBeCloseTo(10_000 * seconds * 0.5 * 0.000_013_333_4, 9);
  });

  test('has a source for every price', () => {
    for (const { source } of Object.values(PRICES)) expect(source).toMatch(/^[a-z0-9.-]+\.[a-z]+\//);
    expect(costOf('httpApi', 3_000_000)).toBe(3);
  });
});
