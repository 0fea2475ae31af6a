/**
 * `kill -9` at random moments. The seed decides the load and the moments as far as the machine's own timing lets it; it
 * is printed, and `KILL_SEED` sets it.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type KillRun, runAndKill, type Story } from '../support/kill-run.ts';
import type { Reception } from '../support/receiver.ts';
import { createSandbox } from '../support/sandbox.ts';

const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const CONCURRENCY = 16;
const PLAN = { seed: SEED, killsUnderLoad: 20, killsAtStart: 4, concurrency: CONCURRENCY };
const LIMIT_MS = 240_000;

const sandbox = createSandbox();
let run: KillRun;

/** The ids of messages that break a rule. */
function breaking(isBroken: (story: Story) => boolean): string[] {
  return run.stories.filter(isBroken).map(({ input }) => input.messageId);
}

function isDelivered({ answered }: Reception): boolean {
  return answered === 200;
}

function ended({ views }: Story, status: 'SUCCESS' | 'FAILED'): boolean {
  return views.length === 1 && views[0]?.status === status;
}

function attempts({ views }: Story): number {
  return views[0]?.attempts ?? 0;
}

/** Was it heard of after this era was over? */
function isHeardAfter({ receptions }: Story, era: number): boolean {
  return receptions.some((reception) => reception.era > era);
}

function deliveriesIn({ receptions }: Story, era: number): number {
  return receptions.filter((reception) => reception.era === era && isDelivered(reception)).length;
}

describe(`millrace up, killed with SIGKILL again and again under load (seed ${SEED})`, () => {
  beforeAll(async () => {
    process.stderr.write(`kill.test.ts: KILL_SEED=${SEED}\n`);
    run = await runAndKill(sandbox, PLAN);
    const deliveries = run.stories.flatMap(({ receptions }) => receptions).filter(isDelivered).length;
    const delivered = run.stories.filter(({ receptions }) => receptions.some(isDelivered)).length;
    process.stderr.write(
      `kill.test.ts: ${run.eras.length} kills, ${run.stories.length} messages, ${deliveries - delivered} repeats\n`,
    );
  }, LIMIT_MS);
  afterAll(() => sandbox.clean());

  test('is killed at least 20 times, mostly while requests are under way', () => {
    expect(run.eras.length).toBeGreaterThanOrEqual(20);
    expect(run.eras.filter(({ open }) => open > 0).length).toBeGreaterThanOrEqual(10);
  });

  test('ends every message that got a 2xx as SUCCESS or FAILED', () => {
    expect(breaking((story) => !ended(story, 'SUCCESS') && !ended(story, 'FAILED'))).toEqual([]);
  });

  test('calls a message new once, and a repeat after every answer that it was accepted', () => {
    expect(breaking(({ accepted }) => accepted > 1)).toEqual([]);
    expect(breaking(({ acceptedLate }) => acceptedLate > 0)).toEqual([]);
  });

  test('has delivered every SUCCESS', () => {
    expect(breaking((story) => ended(story, 'SUCCESS') && !story.receptions.some(isDelivered))).toEqual([]);
  });

  test('gives up only what it has tried as often as the plan says, or what a kill has cut off', () => {
    expect(breaking(({ views }) => ![null, 'exhausted', 'interrupted'].includes(views[0]?.reason ?? null))).toEqual([]);
    expect(breaking((story) => ended(story, 'FAILED') && attempts(story) !== story.maxAttempts)).toEqual([]);
  });

  test('sends method, headers and body as they were posted, every time', () => {
    const isAltered = ({ input, body }: Story, { method, headers, body: received }: Reception) =>
      method !== input.method || headers['x-number'] !== input.headers?.['x-number'] || !received.equals(body);
    expect(breaking((story) => story.receptions.some((reception) => isAltered(story, reception)))).toEqual([]);
  });

  test('makes no more attempts than the plan allows, and no request that is not booked as an attempt', () => {
    expect(breaking((story) => attempts(story) > story.maxAttempts)).toEqual([]);
    expect(breaking((story) => story.receptions.length > attempts(story))).toEqual([]);
  });

  test('delivers no message twice in one life', () => {
    expect(breaking((story) => run.eras.some((_, era) => deliveriesIn(story, era) > 1))).toEqual([]);
  });

  test('repeats at most as many messages as were in flight at each kill', () => {
    for (const era of run.eras.keys()) {
      const repeated = breaking((story) => deliveriesIn(story, era) > 0 && isHeardAfter(story, era));
      expect(repeated.length).toBeLessThanOrEqual(CONCURRENCY);
    }
  });

  test('repeats nothing that it had called SUCCESS before the kill', () => {
    const known = run.eras.flatMap(({ settled }) => [...settled]);
    expect(known.length).toBeGreaterThan(0);
    for (const [era, { settled }] of run.eras.entries()) {
      expect(breaking((story) => settled.has(story.webhookId) && isHeardAfter(story, era))).toEqual([]);
    }
  });

  test('keeps books that add up', () => {
    const succeeded = breaking((story) => ended(story, 'SUCCESS')).length;
    const failed = breaking((story) => ended(story, 'FAILED')).length;
    expect(run.stats).toEqual({ accepted: run.stories.length, succeeded, failed, waiting: 0, difference: 0 });
  });
});
