import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from '@jest/globals';
import { aQueue, queueSteps, receive, receiveBodies, redriveTo, useLocalAws } from './support/local-aws.ts';

const fixture = useLocalAws();
const { send, remove, receiveOne } = queueSteps(fixture);

describe('the redrive of the SQS server', () => {
  test('moves a message that was received too often, with its history', async () => {
    const { clock } = fixture();
    const dead = await aQueue(fixture(), {}, 'dead');
    const url = await aQueue(fixture(), { ...redriveTo(fixture(), 'dead', 2), VisibilityTimeout: '30' });
    const sentAt = clock.now();
    const { MessageId } = await send(url, 'a');
    for (const count of ['1', '2']) {
      expect((await receiveOne(url)).Attributes).toMatchObject({ ApproximateReceiveCount: count });
      expect(await receive(fixture(), dead)).toEqual([]);
      clock.advance(30_000);
    }
    expect(await receive(fixture(), url)).toEqual([]);
    expect(await receiveOne(dead)).toMatchObject({
      MessageId,
      Body: 'a',
      Attributes: {
        ApproximateReceiveCount: '3',
        SentTimestamp: String(sentAt),
        DeadLetterQueueSourceArn: fixture().aws.sqs.queueArn('work'),
      },
    });
  });

  test('takes away the power of handles from before', async () => {
    const { clock } = fixture();
    const dead = await aQueue(fixture(), {}, 'dead');
    const url = await aQueue(fixture(), { ...redriveTo(fixture(), 'dead', 1), VisibilityTimeout: '30' });
    await send(url, 'a');
    const message = await receiveOne(url);
    clock.advance(30_000);
    await receive(fixture(), url);
    await remove(url, message);
    expect(await receiveBodies(fixture(), dead)).toEqual(['a']);
  });

  test('counts the receives of each queue apart', async () => {
    const { clock } = fixture();
    const end = await aQueue(fixture(), {}, 'end');
    const dead = await aQueue(fixture(), redriveTo(fixture(), 'end', 1), 'dead');
    const url = await aQueue(fixture(), redriveTo(fixture(), 'dead', 2));
    await send(url, 'a');
    for (let receives = 0; receives < 3; receives += 1) {
      await receive(fixture(), url);
      clock.advance(30_000);
    }
    expect(await receiveBodies(fixture(), dead)).toEqual(['a']);
    clock.advance(30_000);
    expect(await receiveBodies(fixture(), dead)).toEqual([]);
    expect(await receiveBodies(fixture(), end)).toEqual(['a']);
  });

  test('leaves messages where they are while there is no dead-letter queue', async () => {
    const url = await aQueue(fixture(), { ...redriveTo(fixture(), 'gone', 1), VisibilityTimeout: '0' });
    await send(url, 'a');
    for (let receives = 0; receives < 3; receives += 1) expect(await receiveBodies(fixture(), url)).toEqual(['a']);
  });
});

describe('the limits of the SQS server', () => {
  const LIMIT = 262_144;

  test.each([
    ['an empty body', { MessageBody: '' }, 'MissingParameter'],
    ['a body with a control character', { MessageBody: 'a\u0001b' }, 'InvalidMessageContents'],
    ['a body over 256 KiB', { MessageBody: 'x'.repeat(LIMIT + 1) }, 'InvalidParameterValue'],
    ['a body over 256 KiB in UTF-8', { MessageBody: 'é'.repeat(LIMIT / 2 + 1) }, 'InvalidParameterValue'],
    [
      'a body that is too long with its attributes',
      { MessageBody: 'x'.repeat(LIMIT - 2), MessageAttributes: { a: { DataType: 'String', StringValue: 'x' } } },
      'InvalidParameterValue',
    ],
    ['a delay over 15 minutes', { MessageBody: 'x', DelaySeconds: 901 }, 'InvalidParameterValue'],
    ['a group with a space', { MessageBody: 'x', MessageGroupId: 'a b' }, 'InvalidParameterValue'],
    ['a deduplication id', { MessageBody: 'x', MessageDeduplicationId: 'a' }, 'InvalidParameterValue'],
    [
      'an attribute without a value',
      { MessageBody: 'x', MessageAttributes: { a: { DataType: 'String', StringValue: '' } } },
      'InvalidParameterValue',
    ],
  ])('refuse %s', async (_, message, Code) => {
    const QueueUrl = await aQueue(fixture());
    await expect(fixture().sqs.send(new SendMessageCommand({ QueueUrl, ...message }))).rejects.toMatchObject({ Code });
    expect(fixture().aws.sqs.messages(QueueUrl)).toEqual([]);
  });

  test('take a body of exactly 256 KiB', async () => {
    const url = await aQueue(fixture());
    await send(url, 'x'.repeat(LIMIT));
    expect(fixture().aws.sqs.messages(url)).toHaveLength(1);
  });

  test('refuse a handle that is none, or of another queue', async () => {
    const url = await aQueue(fixture());
    const other = await aQueue(fixture(), {}, 'other');
    await send(url, 'a');
    const message = await receiveOne(url);
    for (const handle of [{ ReceiptHandle: 'nonsense' }, message])
      await expect(remove(other, handle)).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });

  test.each([0, 11])('refuse to hand out %d messages at once', async (MaxNumberOfMessages) => {
    const QueueUrl = await aQueue(fixture());
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages });
    await expect(fixture().sqs.send(command)).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
  });

  test('let only so many messages be in flight', async () => {
    const { aws } = fixture();
    aws.sqs.setInFlightLimit(2);
    const url = await aQueue(fixture());
    for (const body of ['a', 'b', 'c']) await send(url, body);
    const [first] = await receive(fixture(), url);
    expect(await receive(fixture(), url).catch((error: Error) => error.name)).toBe('OverLimit');
    if (first !== undefined) await remove(url, first);
    expect(await receiveBodies(fixture(), url)).toEqual(['c']);
  });
});

describe('a batch of the SQS server', () => {
  const sendBatch = (QueueUrl: string, entries: readonly (readonly [id: string, body: string])[]) =>
    fixture().sqs.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: entries.map(([Id, MessageBody]) => ({ Id, MessageBody })) }),
    );

  test.each([
    ['empty', [], 'EmptyBatchRequest'],
    ['with eleven entries', Array.from({ length: 11 }, (_, id) => [`${id}`, 'x']), 'TooManyEntriesInBatchRequest'],
    [
      'with an id twice',
      [
        ['a', 'x'],
        ['a', 'y'],
      ],
      'BatchEntryIdsNotDistinct',
    ],
    ['with an id of other characters', [['a b', 'x']], 'InvalidBatchEntryId'],
    ['with an id that is too long', [['a'.repeat(81), 'x']], 'InvalidBatchEntryId'],
    [
      'over 256 KiB in all',
      [
        ['a', 'x'.repeat(200_000)],
        ['b', 'x'.repeat(100_000)],
      ],
      'BatchRequestTooLong',
    ],
  ] as [string, [string, string][], string][])('that is %s is refused as a whole', async (_, entries, name) => {
    const url = await aQueue(fixture());
    await expect(sendBatch(url, entries)).rejects.toMatchObject({ name });
    expect(fixture().aws.sqs.messages(url)).toEqual([]);
  });

  test('fails entry by entry', async () => {
    const url = await aQueue(fixture());
    const { Successful, Failed } = await sendBatch(url, [
      ['a', 'good'],
      ['b', '\u0000'],
    ]);
    expect(Successful).toMatchObject([{ Id: 'a', MessageId: expect.any(String) }]);
    expect(Failed).toMatchObject([{ Id: 'b', Code: 'InvalidMessageContents', SenderFault: true }]);
    expect(await receiveBodies(fixture(), url)).toEqual(['good']);
  });

  test('deletes what it can', async () => {
    const url = await aQueue(fixture());
    await send(url, 'a');
    const { ReceiptHandle } = await receiveOne(url);
    const Entries = [
      { Id: 'a', ReceiptHandle },
      { Id: 'b', ReceiptHandle: 'nonsense' },
    ];
    const answer = await fixture().sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    expect(answer).toMatchObject({ Successful: [{ Id: 'a' }], Failed: [{ Id: 'b', Code: 'ReceiptHandleIsInvalid' }] });
    expect(fixture().aws.sqs.messages(url)).toEqual([]);
  });
});

describe('disorder of the SQS server', () => {
  const always = { random: () => 0 };

  test('hands a message out twice, and each copy is deleted for itself', async () => {
    fixture().aws.sqs.setDisorder({ ...always, duplicate: 1 });
    const url = await aQueue(fixture());
    await send(url, 'a');
    const first = await receiveOne(url);
    const second = await receiveOne(url);
    expect(second).toMatchObject({ MessageId: first.MessageId });
    expect(await receive(fixture(), url)).toEqual([]);
    await remove(url, first);
    expect(fixture().aws.sqs.messages(url)).toHaveLength(1);
    await remove(url, second);
    expect(fixture().aws.sqs.messages(url)).toEqual([]);
  });

  test('hands a message out after its deletion', async () => {
    fixture().aws.sqs.setDisorder({ ...always, afterDeletion: 1 });
    const url = await aQueue(fixture());
    await send(url, 'a');
    await remove(url, await receiveOne(url));
    await remove(url, await receiveOne(url));
    expect(await receive(fixture(), url)).toEqual([]);
  });

  test('hands messages out in another order', async () => {
    const places = [0.9, 0.5, 0.1];
    fixture().aws.sqs.setDisorder({ random: () => places.shift() ?? 0.99, shuffle: true });
    const url = await aQueue(fixture());
    for (const body of ['a', 'b', 'c']) await send(url, body);
    expect(await receiveBodies(fixture(), url)).toEqual(['c', 'b', 'a']);
  });
});
