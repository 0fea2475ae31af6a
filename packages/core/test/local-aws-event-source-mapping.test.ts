import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from '@jest/globals';
import type { Context, SQSEvent } from 'aws-lambda';
import fc from 'fast-check';
import { readBatchResponse } from '../src/testing/aws/event-source-mapping/batch-response.ts';
import { splitBySize } from '../src/testing/aws/event-source-mapping/sqs-event.ts';
import {
  createEventSourceMapping,
  type EventSourceMappingOptions,
  type SqsFunction,
} from '../src/testing/aws/index.ts';
import { aQueue, receive, receiveBodies, redriveTo, useLocalAws } from './support/local-aws.ts';

const fixture = useLocalAws('directConfig');

const VISIBILITY_MS = 30_000;

async function send(QueueUrl: string, bodies: readonly string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, id) => ({ Id: String(id), MessageBody }));
  for (let start = 0; start < Entries.length; start += 10)
    await fixture().sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: Entries.slice(start, start + 10) }));
}

function map(queueUrl: string, handler: SqsFunction, options: Partial<EventSourceMappingOptions> = {}) {
  const { aws, clock } = fixture();
  return createEventSourceMapping({ aws, queueUrl, handler, clock: clock.now, ...options });
}

const bodiesOf = ({ Records }: SQSEvent): string[] => Records.map(({ body }) => body);

/** Fails the messages that have one of these bodies. */
const failing =
  (...bodies: string[]): SqsFunction =>
  ({ Records }) => ({
    batchItemFailures: Records.filter(({ body }) => bodies.includes(body)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });

const left = (queueUrl: string) =>
  fixture()
    .aws.sqs.messages(queueUrl)
    .map(({ sent }) => sent.body);

describe('the event source mapping', () => {
  test('hands messages over in the event document of Lambda', async () => {
    const { aws, sqs, clock } = fixture();
    const url = await aQueue(fixture());
    const sentAt = clock.now();
    const { MessageId } = await sqs.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: '{"a":1}',
        MessageGroupId: 'tenant',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'x' },
          bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) },
        },
      }),
    );
    clock.advance(5_000);
    const events: SQSEvent[] = [];
    await map(url, (event) => void events.push(event)).poll();
    expect(events).toEqual([
      {
        Records: [
          {
            messageId: MessageId,
            receiptHandle: expect.any(String),
            body: '{"a":1}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: String(sentAt),
              SenderId: expect.any(String),
              ApproximateFirstReceiveTimestamp: String(sentAt + 5_000),
              MessageGroupId: 'tenant',
            },
            messageAttributes: {
              text: { stringValue: 'x', stringListValues: [], binaryListValues: [], dataType: 'String' },
              bytes: { binaryValue: 'AQID', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
            },
            md5OfMessageAttributes: expect.any(String),
            md5OfBody: expect.any(String),
            eventSource: 'aws:sqs',
            eventSourceARN: aws.sqs.queueArn('work'),
            awsRegion: aws.config.region,
          },
        ],
      },
    ]);
  });

  test('tells the function how much time it has left', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture());
    await send(url, ['a']);
    const remaining: number[] = [];
    const handler = (_: SQSEvent, context: Context): void => {
      remaining.push(context.getRemainingTimeInMillis());
      clock.advance(9_000);
      remaining.push(context.getRemainingTimeInMillis());
      clock.advance(500);
      remaining.push(context.getRemainingTimeInMillis());
    };
    expect(await map(url, handler, { timeoutMs: 10_000 }).poll()).toMatchObject({ deleted: 1, errors: [] });
    expect(remaining).toEqual([10_000, 1_000, 500]);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['no failures', { batchItemFailures: [] }],
    ['null for the failures', { batchItemFailures: null }],
  ])('deletes the whole batch when the function answers %s', async (_, answer) => {
    const url = await aQueue(fixture());
    await send(url, ['a', 'b']);
    expect(await map(url, () => answer).poll()).toEqual({ batches: 1, received: 2, deleted: 2, errors: [] });
    expect(left(url)).toEqual([]);
  });

  test('leaves messages that failed until their visibility time is over', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '30' });
    await send(url, ['a', 'b', 'c']);
    expect(await map(url, failing('a', 'c')).poll()).toEqual({ batches: 1, received: 3, deleted: 1, errors: [] });
    expect(left(url)).toEqual(['a', 'c']);
    clock.advance(VISIBILITY_MS - 1);
    expect(await map(url, failing()).poll()).toMatchObject({ received: 0 });
    clock.advance(1);
    expect(await map(url, failing()).poll()).toMatchObject({ received: 2, deleted: 2 });
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  test.each<[string, (ids: string[]) => unknown]>([
    ['throws', () => Promise.reject(new Error('broken'))],
    ['answers what is no JSON', () => circular],
    ['answers a text', () => 'done'],
    ['answers a list', () => []],
    ['answers failures that are no list', () => ({ batchItemFailures: 'a' })],
    ['names an empty message', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
    ['names null', () => ({ batchItemFailures: [{ itemIdentifier: null }] })],
    ['uses another name for the identifier', ([id]) => ({ batchItemFailures: [{ messageId: id }] })],
    [
      'names a message that is not there',
      ([id]) => ({ batchItemFailures: [{ itemIdentifier: id }, { itemIdentifier: 'x' }] }),
    ],
  ])('leaves the whole batch when the function %s', async (_, answer) => {
    const url = await aQueue(fixture());
    await send(url, ['a', 'b']);
    const handler: SqsFunction = ({ Records }) => answer(Records.map(({ messageId }) => messageId));
    const result = await map(url, handler).poll();
    expect(result).toMatchObject({ received: 2, deleted: 0, errors: [expect.any(Error)] });
    expect(left(url)).toEqual(['a', 'b']);
  });

  test('leaves the whole batch when the function ends after its deadline', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture());
    await send(url, ['a']);
    const result = await map(url, () => clock.advance(10_001), { timeoutMs: 10_000 }).poll();
    expect(result).toMatchObject({ deleted: 0, errors: [new Error('the function timed out after 10000 ms')] });
  });

  test('takes a function that does not report failures by whether it throws', async () => {
    const url = await aQueue(fixture());
    await send(url, ['a', 'b']);
    const options = { reportBatchItemFailures: false };
    expect(await map(url, failing('a'), options).poll()).toMatchObject({ deleted: 2 });
  });

  test('makes batches of the size that is wanted, also over what one receive gives', async () => {
    const url = await aQueue(fixture());
    await send(
      url,
      Array.from({ length: 30 }, (_, n) => `${n}`),
    );
    const sizes: number[] = [];
    const mapping = map(url, ({ Records }) => void sizes.push(Records.length), { batchSize: 25 });
    expect(await mapping.poll()).toMatchObject({ batches: 2, received: 30, deleted: 30 });
    expect(sizes).toEqual([25, 5]);
  });

  test('runs as many batches at the same time as it may', async () => {
    const url = await aQueue(fixture());
    await send(url, ['a', 'b', 'c']);
    let running = 0;
    const most: number[] = [];
    const handler = async (): Promise<void> => {
      running += 1;
      most.push(running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await map(url, handler, { batchSize: 1, concurrency: 2 }).poll();
    expect(most).toEqual([1, 2, 1]);
  });

  test('settles when nothing is visible, with what handlers sent meanwhile', async () => {
    const url = await aQueue(fixture());
    await send(url, ['3']);
    const seen: string[] = [];
    const handler = async (event: SQSEvent): Promise<void> => {
      for (const body of bodiesOf(event)) {
        seen.push(body);
        if (body !== '0') await send(url, [`${Number(body) - 1}`]);
      }
    };
    expect(await map(url, handler).settle()).toEqual({ batches: 4, received: 4, deleted: 4, errors: [] });
    expect(seen).toEqual(['3', '2', '1', '0']);
    await send(url, ['1']);
    await expect(map(url, handler).settle(1)).rejects.toThrow('still visible messages');
  });

  test('sends a message that fails always to the dead-letter queue', async () => {
    const { clock } = fixture();
    const dead = await aQueue(fixture(), {}, 'dead');
    const url = await aQueue(fixture(), { ...redriveTo(fixture(), 'dead', 3), VisibilityTimeout: '30' });
    await send(url, ['poison', 'good']);
    const counts: string[] = [];
    const mapping = map(url, (event, context) => {
      for (const { body, attributes } of event.Records)
        if (body === 'poison') counts.push(attributes.ApproximateReceiveCount);
      return failing('poison')(event, context);
    });
    for (let polls = 0; polls < 5; polls += 1) {
      await mapping.poll();
      clock.advance(VISIBILITY_MS);
    }
    expect(counts).toEqual(['1', '2', '3']);
    expect(left(url)).toEqual([]);
    expect(await receiveBodies(fixture(), dead)).toEqual(['poison']);
  });

  test('reports calls to the queue that failed, and the messages come again', async () => {
    const { aws, clock } = fixture();
    const url = await aQueue(fixture());
    await send(url, ['a']);
    aws.fault({ caller: 'lambda', action: 'DeleteMessageBatch', number: 1, fault: { kind: 'cut-before' } });
    expect(await map(url, failing()).poll()).toMatchObject({ received: 1, deleted: 0, errors: [expect.any(Error)] });
    clock.advance(VISIBILITY_MS);
    expect(await map(url, failing()).poll()).toMatchObject({ received: 1, deleted: 1, errors: [] });
    aws.fault({ caller: 'lambda', action: 'ReceiveMessage', fault: { kind: 'throttle' } });
    await send(url, ['b']);
    expect(await map(url, failing()).poll()).toMatchObject({ received: 0, errors: [expect.any(Error)] });
    await expect(map(url, failing()).settle()).rejects.toThrow('nothing can be received');
  });

  test('counts its calls to the queue like any others', async () => {
    const { aws } = fixture();
    const url = await aQueue(fixture());
    await send(url, ['a', 'b']);
    aws.clearCalls();
    await map(url, failing()).poll();
    expect([...aws.calls()].map(([name, { calls, items }]) => [name, calls, items])).toEqual([
      ['sqs.ReceiveMessage', 2, 2],
      ['sqs.DeleteMessageBatch', 1, 2],
    ]);
  });

  test('refuses a function that may run for longer than its messages are hidden', async () => {
    const url = await aQueue(fixture(), { VisibilityTimeout: '9' });
    await expect(map(url, failing(), { timeoutMs: 10_000 }).poll()).rejects.toThrow('visibility time');
  });

  test('gives each function a document of its own', async () => {
    const url = await aQueue(fixture());
    await send(url, ['a']);
    const spoil: SqsFunction = ({ Records }) => void Records.splice(0);
    expect(await map(url, spoil).poll()).toMatchObject({ deleted: 1 });
    expect(await receive(fixture(), url)).toEqual([]);
  });
});

describe('the answer of a function', () => {
  test('fails exactly the messages of the batch that it names', () => {
    const ids = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 });
    const named = ids.chain((all) => fc.tuple(fc.constant(all), fc.subarray(all)));
    fc.assert(
      fc.property(named, ([all, failed]) => {
        const answer = { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
        expect(readBatchResponse(answer, new Set(all))).toEqual({ failedIds: new Set(failed) });
      }),
    );
  });
});

describe('the records of an event', () => {
  const EVENT = { messageAttributes: {}, md5OfBody: '', eventSource: 'aws:sqs', eventSourceARN: '', awsRegion: '' };
  const attributes = {
    ApproximateReceiveCount: '1',
    SentTimestamp: '',
    SenderId: '',
    ApproximateFirstReceiveTimestamp: '',
  };

  test('are split in order into events that fit, each as full as it can be', () => {
    const bodies = fc.array(fc.string({ maxLength: 300, unit: 'binary' }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(bodies, fc.nat(29), (texts, fitting) => {
        const records = texts.map((body, n) => ({ ...EVENT, attributes, messageId: `${n}`, receiptHandle: '', body }));
        const sizeOf = (part: typeof records) => Buffer.byteLength(JSON.stringify({ Records: part }));
        // So many records fill an event to the last byte; a record that fits into none is not of this test.
        const largest = Math.max(...records.map((record) => sizeOf([record])));
        const maxBytes = Math.max(largest, sizeOf(records.slice(0, fitting + 1))) + ','.length;
        const parts = splitBySize(records, maxBytes);
        expect(parts.flat()).toEqual(records);
        for (const [index, part] of parts.entries()) {
          expect(sizeOf([...part])).toBeLessThanOrEqual(maxBytes);
          const [next] = parts[index + 1] ?? [];
          if (next !== undefined) expect(sizeOf([...part, next]) + 1).toBeGreaterThan(maxBytes);
        }
      }),
    );
  });
});
