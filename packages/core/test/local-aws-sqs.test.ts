import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type Message,
  PurgeQueueCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from '@jest/globals';
import { aQueue, receive, receiveBodies, redriveTo, useLocalAws } from './support/local-aws.ts';

const fixture = useLocalAws();

const send = (
  QueueUrl: string,
  MessageBody: string,
  options: { DelaySeconds?: number; MessageGroupId?: string } = {},
) => fixture().sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...options }));

const remove = (QueueUrl: string, { ReceiptHandle }: Message) =>
  fixture().sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));

const hideFor = (QueueUrl: string, { ReceiptHandle }: Message, VisibilityTimeout: number) =>
  fixture().sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));

async function receiveOne(queueUrl: string): Promise<Message> {
  const [message] = await receive(fixture(), queueUrl, 1);
  if (message === undefined) throw new Error('expected a message');
  return message;
}

describe('a queue of the SQS server', () => {
  test('is found by its name, with its attributes and the defaults of SQS', async () => {
    const { sqs, aws } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '45' });
    expect(await sqs.send(new GetQueueUrlCommand({ QueueName: 'work' }))).toMatchObject({ QueueUrl: url });
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({
      VisibilityTimeout: '45',
      DelaySeconds: '0',
      MessageRetentionPeriod: '345600',
      QueueArn: `arn:aws:sqs:${aws.config.region}:${aws.accountId}:work`,
      ApproximateNumberOfMessages: '0',
    });
  });

  test('is created again only with the same attributes', async () => {
    const url = await aQueue(fixture(), { VisibilityTimeout: '45' });
    expect(await aQueue(fixture(), { VisibilityTimeout: '45' })).toBe(url);
    await expect(aQueue(fixture(), { VisibilityTimeout: '46' })).rejects.toMatchObject({ name: 'QueueNameExists' });
  });

  test('is listed by its prefix, and is gone after its deletion', async () => {
    const { sqs } = fixture();
    const url = await aQueue(fixture());
    await aQueue(fixture(), {}, 'other');
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'wo' }))).QueueUrls).toEqual([url]);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await expect(send(url, 'x')).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      Code: 'AWS.SimpleQueueService.NonExistentQueue',
    });
  });

  test('gives only attributes that SQS knows', async () => {
    const { sqs } = fixture();
    const QueueUrl = await aQueue(fixture());
    const names = (...AttributeNames: QueueAttributeName[]) =>
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames });
    expect((await sqs.send(names('RedrivePolicy'))).Attributes).toBeUndefined();
    expect((await sqs.send(names('DelaySeconds'))).Attributes).toEqual({ DelaySeconds: '0' });
    await expect(sqs.send(names('Nonsense' as QueueAttributeName))).rejects.toMatchObject({
      name: 'InvalidAttributeName',
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
    [{ DelaySeconds: '901' }, 'InvalidAttributeValue'],
    [{ MessageRetentionPeriod: '59' }, 'InvalidAttributeValue'],
    [{ MaximumMessageSize: '1048576' }, 'InvalidAttributeValue'],
    [{ RedrivePolicy: '{}' }, 'InvalidParameterValue'],
    [{ Nonsense: '1' }, 'InvalidAttributeName'],
    [{ FifoQueue: 'true' }, 'UnsupportedOperation'],
  ])('refuses the attributes %j', async (Attributes, name) => {
    const { sqs } = fixture();
    const Code = expect.stringContaining(name);
    await expect(sqs.send(new CreateQueueCommand({ QueueName: 'new', Attributes }))).rejects.toMatchObject({ Code });
    const QueueUrl = await aQueue(fixture());
    await expect(sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))).rejects.toMatchObject({ Code });
  });

  test('applies attributes that are set later', async () => {
    const { sqs } = fixture();
    const QueueUrl = await aQueue(fixture());
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '5' } }));
    await send(QueueUrl, 'late');
    expect(await receiveBodies(fixture(), QueueUrl)).toEqual([]);
    fixture().clock.advance(5_000);
    expect(await receiveBodies(fixture(), QueueUrl)).toEqual(['late']);
  });

  test('is empty after a purge, and can be purged once a minute', async () => {
    const { sqs, clock } = fixture();
    const QueueUrl = await aQueue(fixture());
    await send(QueueUrl, 'a');
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await receiveBodies(fixture(), QueueUrl)).toEqual([]);
    await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({ name: 'PurgeQueueInProgress' });
    clock.advance(60_000);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  });
});

describe('a message of the SQS server', () => {
  test('comes with its attributes and digests, which the client checks', async () => {
    const { sqs, clock } = fixture();
    const QueueUrl = await aQueue(fixture());
    const sentAt = clock.now();
    const sent = await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: 'é 🚚',
        MessageGroupId: 'tenant-1',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'x' },
          bytes: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(0, 255) },
        },
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } },
      }),
    );
    clock.advance(1_000);
    const message = await receiveOne(QueueUrl);
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'é 🚚',
      MD5OfBody: sent.MD5OfMessageBody,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'x' },
        bytes: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(0, 255) },
      },
    });
    expect(message.Attributes).toEqual({
      SenderId: expect.any(String),
      SentTimestamp: String(sentAt),
      ApproximateFirstReceiveTimestamp: String(sentAt + 1_000),
      ApproximateReceiveCount: '1',
      MessageGroupId: 'tenant-1',
      AWSTraceHeader: 'Root=1',
    });
  });

  test('has the digest of its attributes by which clients of AWS check them', async () => {
    const QueueUrl = await aQueue(fixture());
    const MessageAttributes = { timestamp: { DataType: 'Number', StringValue: '1493147359900' } };
    const sent = await fixture().sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
    // A vector that other implementations test against.
    expect(sent.MD5OfMessageAttributes).toBe('235c5c510d26fb653d073faed50ae77c');
  });

  test('has a digest over all of its attributes, by name, with binary ones told apart', async () => {
    const { sqs } = fixture();
    const QueueUrl = await aQueue(fixture());
    const MessageAttributes = {
      b: { DataType: 'String', StringValue: 'é' },
      a: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
    };
    const parts = [
      ['\0\0\0\x01', 'a', '\0\0\0\x06', 'Binary', '\x02', '\0\0\0\x02', '\x00\xff'],
      ['\0\0\0\x01', 'b', '\0\0\0\x06', 'String', '\x01', '\0\0\0\x02', '\xc3\xa9'],
    ];
    const digest = createHash('md5').update(parts.flat().join(''), 'latin1').digest('hex');
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
    expect(sent.MD5OfMessageAttributes).toBe(digest);
  });

  test('shows no attributes that were not asked for', async () => {
    const { sqs } = fixture();
    const QueueUrl = await aQueue(fixture());
    const MessageAttributes = {
      'a.one': { DataType: 'String', StringValue: '1' },
      'b.two': { DataType: 'Number', StringValue: '2' },
    };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
    const ask = async (names: string[]) => {
      const command = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: names, VisibilityTimeout: 0 });
      return (await sqs.send(command)).Messages?.[0];
    };
    expect(await ask([])).not.toHaveProperty('MessageAttributes');
    expect(Object.keys((await ask(['a.*']))?.MessageAttributes ?? {})).toEqual(['a.one']);
    expect(Object.keys((await ask(['b.two']))?.MessageAttributes ?? {})).toEqual(['b.two']);
    expect(await ask(['All'])).not.toHaveProperty('Attributes');
  });

  test('comes again when its visibility time is over, with another handle and a higher count', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '30' });
    await send(url, 'a');
    const first = await receiveOne(url);
    clock.advance(29_999);
    expect(await receive(fixture(), url)).toEqual([]);
    clock.advance(1);
    const second = await receiveOne(url);
    expect(second.Attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: first.Attributes?.ApproximateFirstReceiveTimestamp,
    });
    expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);
  });

  test('is deleted by the handle of its last receive only', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '30' });
    await send(url, 'a');
    const first = await receiveOne(url);
    clock.advance(30_000);
    const second = await receiveOne(url);
    await remove(url, first);
    clock.advance(30_000);
    expect(await receiveBodies(fixture(), url)).toEqual(['a']);
    clock.advance(30_000);
    await remove(url, second);
    const third = await receiveOne(url);
    await remove(url, third);
    clock.advance(30_000);
    expect(await receiveBodies(fixture(), url)).toEqual([]);
  });

  test('can be deleted twice, and after its visibility time as long as nobody received it', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '30' });
    await send(url, 'a');
    const message = await receiveOne(url);
    clock.advance(30_000);
    await remove(url, message);
    await remove(url, message);
    expect(await receiveBodies(fixture(), url)).toEqual([]);
  });

  test('stays hidden for as long as its receiver asks, from the moment of asking', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '30' });
    await send(url, 'a');
    const message = await receiveOne(url);
    clock.advance(20_000);
    await hideFor(url, message, 30);
    clock.advance(29_999);
    expect(await receiveBodies(fixture(), url)).toEqual([]);
    clock.advance(1);
    expect(await receiveBodies(fixture(), url)).toEqual(['a']);
  });

  test('comes again at once when its receiver gives it back', async () => {
    const url = await aQueue(fixture());
    await send(url, 'a');
    await hideFor(url, await receiveOne(url), 0);
    expect(await receiveBodies(fixture(), url)).toEqual(['a']);
  });

  test('cannot be hidden when it is visible, deleted, or hidden for 12 hours in all', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { VisibilityTimeout: '30' });
    await send(url, 'a');
    const message = await receiveOne(url);
    clock.advance(10_000);
    await hideFor(url, message, 43_190);
    await expect(hideFor(url, message, 43_191)).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
    clock.advance(43_190_000);
    await expect(hideFor(url, message, 1)).rejects.toMatchObject({ name: 'MessageNotInflight' });
    await remove(url, message);
    await expect(hideFor(url, message, 1)).rejects.toMatchObject({ Code: 'InvalidParameterValue' });
  });

  test('comes no sooner than its delay, which goes before that of the queue', async () => {
    const { clock } = fixture();
    const url = await aQueue(fixture(), { DelaySeconds: '10' });
    await send(url, 'queue');
    await send(url, 'own', { DelaySeconds: 900 });
    await send(url, 'none', { DelaySeconds: 0 });
    expect(await receiveBodies(fixture(), url)).toEqual(['none']);
    clock.advance(10_000);
    expect(await receiveBodies(fixture(), url)).toEqual(['queue']);
    clock.advance(889_999);
    expect(await receiveBodies(fixture(), url)).not.toContain('own');
    clock.advance(1);
    expect(await receiveBodies(fixture(), url)).toContain('own');
  });

  test('is forgotten when its retention is over', async () => {
    const { clock, sqs } = fixture();
    const QueueUrl = await aQueue(fixture(), { MessageRetentionPeriod: '60' });
    await send(QueueUrl, 'a');
    clock.advance(59_999);
    expect(await receiveBodies(fixture(), QueueUrl)).toEqual(['a']);
    clock.advance(30_000);
    expect(await receiveBodies(fixture(), QueueUrl)).toEqual([]);
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    expect(Attributes).toEqual({ ApproximateNumberOfMessages: '0' });
  });

  test('is counted where it is: visible, in flight, delayed', async () => {
    const { sqs } = fixture();
    const QueueUrl = await aQueue(fixture());
    await send(QueueUrl, 'a');
    await send(QueueUrl, 'b');
    await send(QueueUrl, 'c');
    await send(QueueUrl, 'd', { DelaySeconds: 1 });
    await receiveOne(QueueUrl);
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
    });
  });
});

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
