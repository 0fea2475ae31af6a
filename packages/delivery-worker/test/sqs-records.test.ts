import { describe, expect, jest, test } from '@jest/globals';
import { type Entry, MillraceError } from '@millrace/core';
import { anEntry, createManualClock, START_TIME } from '@millrace/core/testing';
import type { SQSRecord } from 'aws-lambda';
import fc from 'fast-check';
import type { Disposition } from '../src/deliver.ts';
import type { PlaceQueue } from '../src/place-queue.ts';
import { type DeliverRecordDeps, deliverRecord, handleRecords, settleStrandedRecord } from '../src/sqs-records.ts';

function aRecord(messageId: string, body = messageId): SQSRecord {
  return {
    messageId,
    body,
    receiptHandle: 'handle',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:work',
    awsRegion: 'eu-central-1',
  };
}

const quiet = { concurrency: 10, onError: (): void => undefined };

describe('a batch of records', () => {
  test('comes again exactly as far as it failed, whatever failed and however', async () => {
    const outcome = fc.constantFrom('acknowledge', 'leave', 'throw');
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (outcomes, concurrency) => {
          const onError = jest.fn();
          const handle = ({ body }: SQSRecord): Promise<Disposition> =>
            body === 'throw' ? Promise.reject(new Error(body)) : Promise.resolve(body as Disposition);
          const records = outcomes.map((body, index) => aRecord(`r${index}`, body));
          const { batchItemFailures } = await handleRecords(records, handle, { concurrency, onError });
          const failed = outcomes.flatMap((body, index) => (body === 'acknowledge' ? [] : [`r${index}`]));
          expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(failed);
          expect(onError).toHaveBeenCalledTimes(outcomes.filter((body) => body === 'throw').length);
        },
      ),
    );
  });

  test('is handled side by side, no more at once than it may', async () => {
    let underWay = 0;
    let most = 0;
    const handle = async (): Promise<Disposition> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return 'acknowledge';
    };
    const records = Array.from({ length: 10 }, (_, index) => aRecord(`r${index}`));
    await handleRecords(records, handle, { ...quiet, concurrency: 3 });
    expect(most).toBe(3);
  });
});

/** What the deps were asked to do, in order. */
function makeDeps(overrides: Partial<DeliverRecordDeps> = {}) {
  const events: unknown[] = [];
  const deps: DeliverRecordDeps = {
    readEntry: (text) => anEntry({ messageId: text }),
    keepUnreadable: (text, reason) => {
      events.push({ kept: text, reason });
      return Promise.resolve();
    },
    handBack: (entries) => {
      for (const { entry, until } of entries) events.push({ handedBack: entry.identity.messageId, until });
      return Promise.resolve();
    },
    deliver: (entries) => {
      for (const { identity } of entries) events.push({ delivered: identity.messageId });
      return Promise.resolve(entries.map(() => 'acknowledge'));
    },
    places: { deliver: (_entry, _waitMs, deliver) => deliver() },
    clock: createManualClock(),
    deadlineMs: () => 30_000,
    longestExchangeMs: 54_000,
    remainingMs: () => 60_000,
    onError: (error) => events.push({ error: (error as Error).message }),
    ...overrides,
  };
  return { deps, events };
}

function throwing(error: Error): () => never {
  return () => {
    throw error;
  };
}

const UNREADABLE = new MillraceError('unreadable-entry', 'is no entry');

describe('a record to deliver', () => {
  test('is delivered, and forgotten or left as the delivery says', async () => {
    for (const disposition of ['acknowledge', 'leave'] as const) {
      const { deps } = makeDeps({ deliver: () => Promise.resolve([disposition]) });
      expect(await deliverRecord(deps)(aRecord('m'))).toBe(disposition);
    }
  });

  test('that is no entry is kept with the reason, and forgotten', async () => {
    const { deps, events } = makeDeps({ readEntry: throwing(UNREADABLE) });
    expect(await deliverRecord(deps)(aRecord('m', 'poison'))).toBe('acknowledge');
    expect(events).toEqual([{ error: 'is no entry' }, { kept: 'poison', reason: 'is no entry' }]);
  });

  test('that is no entry and cannot be kept comes again', async () => {
    const { deps } = makeDeps({
      readEntry: throwing(UNREADABLE),
      keepUnreadable: () => Promise.reject(new Error('no queue')),
    });
    const { batchItemFailures } = await handleRecords([aRecord('m')], deliverRecord(deps), quiet);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm' }]);
  });

  test('whose reading fails for another reason comes again', async () => {
    const { deps, events } = makeDeps({ readEntry: throwing(new Error('a defect')) });
    const { batchItemFailures } = await handleRecords([aRecord('m')], deliverRecord(deps), quiet);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm' }]);
    expect(events).toEqual([]);
  });

  test.each([
    [START_TIME + 1, 'handedBack'],
    [START_TIME, 'delivered'],
  ])('that is due at %d, with the clock at START_TIME, is %s', async (notBefore, event) => {
    const readEntry = (text: string): Entry => anEntry({ messageId: text, notBefore });
    const { deps, events } = makeDeps({ readEntry });
    expect(await deliverRecord(deps)(aRecord('m'))).toBe('acknowledge');
    expect(events).toEqual([{ [event]: 'm', ...(event === 'handedBack' ? { until: notBefore } : {}) }]);
  });

  test.each([
    [34_999, 'leave'],
    [35_000, 'acknowledge'],
  ])('with %d ms left for a request of 30 s and its margin: %s', async (remaining, disposition) => {
    const { deps, events } = makeDeps({ remainingMs: () => remaining });
    expect(await deliverRecord(deps)(aRecord('m'))).toBe(disposition);
    expect(events).toHaveLength(disposition === 'leave' ? 0 : 1);
  });
});

describe('a record with a body that no invocation has the time for', () => {
  const payload = { key: 'billing/x', sha256: 'x', size: 60_000_000, etag: '"x"' };
  const entry = anEntry();
  const large = anEntry({ payload });
  const tooLong = { deadlineMs: () => 54_001, remainingMs: () => 10_000 };

  test('is passed on all the same, to end with a reason in place of coming again and again', async () => {
    const { deps, events } = makeDeps({ ...tooLong, readEntry: () => large });
    expect(await deliverRecord(deps)(aRecord('m'))).toBe('acknowledge');
    expect(events).toHaveLength(1);
  });

  test.each([
    ['another may have the time for', { readEntry: () => large, deadlineMs: () => 54_000 }],
    ['the time is short for without its body', { readEntry: () => entry }],
  ])('is left when %s', async (_, overrides) => {
    const { deps } = makeDeps({ ...tooLong, ...overrides });
    expect(await deliverRecord(deps)(aRecord('m'))).toBe('leave');
  });
});

describe('a record whose target has no place', () => {
  test('waits for one as long as there is time for its request beside its margin, and is left to the queue', async () => {
    const waits: number[] = [];
    const places: PlaceQueue = {
      deliver(_entry, waitMs) {
        waits.push(waitMs);
        return Promise.resolve(undefined);
      },
    };
    const { deps, events } = makeDeps({ places, remainingMs: () => 47_000 });
    expect(await deliverRecord(deps)(aRecord('m'))).toBe('leave');
    expect(waits).toEqual([12_000]);
    expect(events).toEqual([]);
  });
});

describe('a record that its queue gave up', () => {
  test.each([
    ['settled', 'acknowledge'],
    ['acknowledge', 'acknowledge'],
    ['leave', 'leave'],
  ] as const)('whose message is %s: %s', async (result, disposition) => {
    const { deps } = makeDeps();
    const settleStranded = () => Promise.resolve([result]);
    expect(await settleStrandedRecord({ ...deps, settleStranded })(aRecord('m'))).toBe(disposition);
  });
});
