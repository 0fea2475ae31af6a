import { describe, expect, test } from '@jest/globals';
import { anEntry, createManualClock } from '@millrace/core/testing';
import type { SQSRecord } from 'aws-lambda';
import { createDeliveryHandler, createStrandedHandler } from '../src/lambda-handlers.ts';
import { makeScripted } from './support/scripted.ts';

const record = (messageId: string) => ({ messageId, body: '{}' }) as SQSRecord;

function setUp(remainingMs: number) {
  const scripted = makeScripted();
  const { store, signing } = scripted.deps;
  const { target } = scripted.deps;
  const flushes: { limitMs: number; delivered: number }[] = [];
  const handler = createDeliveryHandler({
    store: { ...store, readEntry: () => anEntry(), keepUnreadable: () => Promise.resolve() },
    ...{ signing, target, clock: scripted.clock, config: { concurrency: 10, requestTimeoutMs: 1_000 } },
    onAttempt: scripted.deps.onAttempt ?? (() => undefined),
    onError: (error) => {
      throw error;
    },
    flush(limitMs) {
      flushes.push({ limitMs, delivered: scripted.reports.length });
      return Promise.resolve();
    },
  });
  const invoke = () =>
    handler({ Records: [record('1'), record('2')] }, { getRemainingTimeInMillis: () => remainingMs });
  return { flushes, invoke };
}

describe('the function behind the work queues', () => {
  test('writes down what it did after the last delivery and before it answers', async () => {
    const { flushes, invoke } = setUp(60_000);
    expect(await invoke()).toEqual({ batchItemFailures: [] });
    expect(flushes).toEqual([{ limitMs: 5_000, delivered: 2 }]);
  });

  test.each([
    [7_000, 5_000],
    [3_000, 2_000],
    [500, 0],
  ])('of %d ms that remain gives it %d', async (remainingMs, limitMs) => {
    const { flushes, invoke } = setUp(remainingMs);
    await invoke();
    expect(flushes).toMatchObject([{ limitMs }]);
  });
});

describe('the function behind the stranded queue', () => {
  test('tells of each message that ended by it, and of no other', async () => {
    const told: string[] = [];
    const results = ['settled', 'acknowledge', 'leave'] as const;
    let next = 0;
    const handler = createStrandedHandler({
      readEntry: (text) => anEntry({ messageId: text }),
      keepUnreadable: () => Promise.resolve(),
      settleStranded: () => Promise.resolve([results[next++] ?? 'leave']),
      onStranded: ({ identity }) => told.push(identity.messageId),
      onError: (error) => {
        throw error;
      },
    });
    const Records = ['a', 'b', 'c'].map((body) => ({ messageId: body, body }) as SQSRecord);
    const { now } = createManualClock();
    const answer = await handler({ Records }, { getRemainingTimeInMillis: () => now() });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'c' }] });
    expect(told).toEqual(['a']);
  });
});
