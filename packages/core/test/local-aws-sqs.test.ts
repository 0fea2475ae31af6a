import { createHash } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from '@jest/globals';
import { aQueue, queueSteps, receive, receiveBodies, useLocalAws } from './support/local-aws.ts';

const fixture = useLocalAws();
const { send, remove, hideFor, receiveOne } = queueSteps(fixture);

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
