import { expect, test } from '@jest/globals';
import { type AttemptOutcome, originOf } from '@millrace/core';
import type { SQSRecord } from 'aws-lambda';
import { createDeliveryHandler } from '../src/lambda-handlers.ts';
import { entryTo, idOf } from './support/entries.ts';
import { makeScripted, OK } from './support/scripted.ts';
import { settle } from './support/virtual-time.ts';

const SLOW = 'https://slow.example';
const QUICK = 'https://quick.example';

/** Only what the handler reads. */
function aRecord(messageId: string, origin: string): SQSRecord {
  const unused = { receiptHandle: '', md5OfBody: '', eventSource: '', eventSourceARN: '', awsRegion: '' };
  const attributes = {
    ...{ ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: '', ApproximateFirstReceiveTimestamp: '0' },
  };
  return { ...unused, messageId, body: `${origin} ${messageId}`, attributes, messageAttributes: {} };
}

test('records beyond the limit of their target wait for a place, and records to another target do not wait for them', async () => {
  const started: string[] = [];
  const answers: ((outcome: AttemptOutcome) => void)[] = [];
  const { deps } = makeScripted({
    send(entry) {
      started.push(idOf(entry));
      if (originOf(entry.identity.targetUrl) === QUICK) return OK;
      return new Promise((resolve) => answers.push(resolve));
    },
  });
  const { store, signing, target, clock, onError } = deps;
  const handler = createDeliveryHandler({
    ...{ signing, target, clock, onError },
    store: {
      ...store,
      readEntry: (text) => {
        const [origin = '', messageId = ''] = text.split(' ');
        return entryTo(origin, messageId);
      },
      keepUnreadable: () => Promise.reject(new Error('every record is an entry')),
    },
    config: { concurrency: 2, requestTimeoutMs: 30_000 },
    onAttempt: () => undefined,
  });
  const Records = [
    ...['s1', 's2', 's3', 's4'].map((name) => aRecord(name, SLOW)),
    ...['q1', 'q2', 'q3'].map((name) => aRecord(name, QUICK)),
  ];
  const handled = handler({ Records }, { getRemainingTimeInMillis: () => 60_000 });
  await settle();
  expect(started.toSorted()).toEqual(['q1', 'q2', 'q3', 's1', 's2']);
  answers.shift()?.({ kind: 'response', statusCode: 429 });
  await settle();
  // It has asked for less, and has its one place taken.
  expect(started).toHaveLength(5);
  answers.shift()?.(OK);
  await settle();
  expect(started.slice(5)).toEqual(['s3']);
  answers.shift()?.(OK);
  await settle();
  answers.shift()?.(OK);
  expect(await handled).toEqual({ batchItemFailures: [] });
  expect(started).toHaveLength(7);
});
