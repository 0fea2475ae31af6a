import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { describe, expect, test } from '@jest/globals';
import { ConnectionCut } from '../src/testing/aws/index.ts';
import { aQueue, receive, receiveBodies, useLocalAws } from './support/local-aws.ts';

describe.each(['config', 'directConfig'] as const)('by its %s,', (way) => {
  const fixture = useLocalAws(way);

  const send = (QueueUrl: string, MessageBody: string) =>
    fixture().sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

  const sendBatch = (QueueUrl: string, bodies: readonly string[]) =>
    fixture().sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: bodies.map((MessageBody, id) => ({ Id: String(id), MessageBody })),
      }),
    );

  const bodiesIn = (queueUrl: string) =>
    fixture()
      .aws.sqs.messages(queueUrl)
      .map(({ sent }) => sent.body);

  describe('a fault of the local AWS', () => {
    test('cuts the connection before the call takes effect', async () => {
      const url = await aQueue(fixture());
      fixture().aws.fault({ service: 'sqs', action: 'SendMessage', fault: { kind: 'cut-before' } });
      await expect(send(url, 'a')).rejects.toThrow('socket hang up');
      expect(bodiesIn(url)).toEqual([]);
    });

    test('cuts the connection after the call took effect', async () => {
      const url = await aQueue(fixture());
      fixture().aws.fault({ service: 'sqs', action: 'SendMessage', fault: { kind: 'cut-after' } });
      await expect(send(url, 'a')).rejects.toThrow('socket hang up');
      expect(bodiesIn(url)).toEqual(['a']);
    });

    test('answers with an error of the service, without effect', async () => {
      const { aws, ssm } = fixture();
      const url = await aQueue(fixture());
      aws.fault({ fault: { kind: 'error', code: 'ExpiredTokenException', status: 403 } });
      const refused = { name: 'ExpiredTokenException', $metadata: { httpStatusCode: 403 } };
      await expect(send(url, 'a')).rejects.toMatchObject(refused);
      await expect(ssm.send(new GetParameterCommand({ Name: '/a' }))).rejects.toMatchObject(refused);
      expect(bodiesIn(url)).toEqual([]);
    });

    test('throttles each service by its own error', async () => {
      const { aws, ssm, dynamodb } = fixture();
      const url = await aQueue(fixture());
      aws.fault({ fault: { kind: 'throttle' } });
      await expect(send(url, 'a')).rejects.toMatchObject({ name: 'RequestThrottled' });
      await expect(ssm.send(new GetParameterCommand({ Name: '/a' }))).rejects.toMatchObject({
        name: 'ThrottlingException',
      });
      const get = new GetItemCommand({ TableName: 'any', Key: { pk: { S: 'a' } } });
      await expect(dynamodb.send(get)).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    });

    test('is overcome by a client that tries again', async () => {
      const { aws } = fixture();
      const patient = new SQSClient({ ...aws[way], maxAttempts: 2 });
      const url = await aQueue(fixture());
      aws.fault({ action: 'SendMessage', number: 1, fault: { kind: 'cut-after' } });
      await patient.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
      patient.destroy();
      expect(bodiesIn(url)).toEqual(['a', 'a']);
    });

    test('strikes the call of its number, from its number on, or the ones it picks', async () => {
      const { aws } = fixture();
      const url = await aQueue(fixture());
      const second = aws.fault({ action: 'SendMessage', number: 2, fault: { kind: 'cut-before' } });
      const fromFourth = aws.fault({ service: 'sqs', action: 'SendMessage', from: 4, fault: { kind: 'cut-before' } });
      const picked = aws.fault({
        where: ({ input }) => input['MessageBody'] === 'picked',
        fault: { kind: 'cut-before' },
      });
      for (const body of ['1', '2', '3', '4', '5']) await send(url, body).catch(() => undefined);
      expect(bodiesIn(url)).toEqual(['1', '3']);
      expect([second.seen(), second.struck()]).toEqual([5, 1]);
      expect([fromFourth.seen(), fromFourth.struck()]).toEqual([5, 2]);
      fromFourth.remove();
      await send(url, 'picked').catch(() => undefined);
      await send(url, '6');
      expect(picked.struck()).toBe(1);
      expect(bodiesIn(url)).toEqual(['1', '3', '6']);
    });

    test('holds a call before its effect, or its answer after it, until the test lets it go', async () => {
      const { aws } = fixture();
      const url = await aQueue(fixture());
      const before = Promise.withResolvers<void>();
      aws.fault({ action: 'SendMessage', number: 1, fault: { kind: 'wait', until: before.promise } });
      const held = send(url, 'held');
      await send(url, 'passes');
      expect(bodiesIn(url)).toEqual(['passes']);
      before.resolve();
      await held;
      expect(bodiesIn(url)).toEqual(['passes', 'held']);

      const after = Promise.withResolvers<void>();
      const rule = aws.fault({
        action: 'SendMessage',
        number: 1,
        fault: { kind: 'wait', until: after.promise, at: 'after' },
      });
      let isAnswered = false;
      const answered = send(url, 'done').then(() => {
        isAnswered = true;
      });
      while (rule.struck() === 0 || bodiesIn(url).length < 3) await new Promise((resolve) => setImmediate(resolve));
      await send(url, 'later');
      expect(isAnswered).toBe(false);
      after.resolve();
      await answered;
    });

    test('delays a call by real milliseconds', async () => {
      const url = await aQueue(fixture());
      fixture().aws.fault({ action: 'SendMessage', fault: { kind: 'delay', ms: 30 } });
      const started = performance.now();
      await send(url, 'a');
      // Timers may end a fraction of a millisecond early.
      expect(performance.now() - started).toBeGreaterThanOrEqual(29);
    });

    test('fails entries of a batch, which then have no effect', async () => {
      const url = await aQueue(fixture());
      fixture().aws.fault({
        action: 'SendMessageBatch',
        number: 1,
        fault: { kind: 'fail-entries', entries: [0, 2], code: 'ServiceUnavailable' },
      });
      const { Successful, Failed } = await sendBatch(url, ['a', 'b', 'c']);
      expect(Successful).toMatchObject([{ Id: '1' }]);
      expect(Failed).toMatchObject([
        { Id: '0', Code: 'ServiceUnavailable', SenderFault: false },
        { Id: '2', Code: 'ServiceUnavailable', SenderFault: false },
      ]);
      expect(bodiesIn(url)).toEqual(['b']);
    });

    test('fails entries of a batch although they took effect', async () => {
      const url = await aQueue(fixture());
      await sendBatch(url, ['a', 'b']);
      const messages = await receive(fixture(), url);
      fixture().aws.fault({ fault: { kind: 'fail-entries', entries: [1], takesEffect: true } });
      const Entries = messages.map(({ ReceiptHandle }, id) => ({ Id: String(id), ReceiptHandle }));
      const answer = await fixture().sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
      expect(answer).toMatchObject({ Successful: [{ Id: '0' }], Failed: [{ Id: '1', Code: 'InternalError' }] });
      expect(bodiesIn(url)).toEqual([]);
    });

    test('can fail every entry of a batch', async () => {
      const url = await aQueue(fixture());
      fixture().aws.fault({ fault: { kind: 'fail-entries', entries: [0, 1] } });
      const { Successful, Failed } = await sendBatch(url, ['a', 'b']);
      expect(Successful).toBeUndefined();
      expect(Failed).toHaveLength(2);
      expect(bodiesIn(url)).toEqual([]);
    });

    test('does not strike Lambda itself unless it says so', async () => {
      const { aws } = fixture();
      const url = await aQueue(fixture());
      const receiveAs = (caller: 'client' | 'lambda') =>
        aws.call({ service: 'sqs', action: 'ReceiveMessage' }, { QueueUrl: url }, caller);
      aws.fault({ fault: { kind: 'cut-before' } });
      await expect(receiveAs('client')).rejects.toBeInstanceOf(ConnectionCut);
      expect(await receiveAs('lambda')).toEqual({});
      aws.clearFaults();
      aws.fault({ caller: 'lambda', fault: { kind: 'cut-before' } });
      expect(await receiveAs('client')).toEqual({});
      await expect(receiveAs('lambda')).rejects.toBeInstanceOf(ConnectionCut);
    });
  });

  describe('the books of the local AWS', () => {
    test('count calls, failures, items, and requests as SQS bills them', async () => {
      const { aws, sqs } = fixture();
      const url = await aQueue(fixture());
      await sendBatch(url, ['a', 'b', 'c']);
      await send(url, 'x'.repeat(65_536));
      await send(url, 'x'.repeat(65_537));
      await send('http://127.0.0.1/000000000000/none', 'a').catch(() => undefined);
      await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
      const none = { readUnits: 0, writeUnits: 0 };
      const calls = aws.calls();
      expect(calls.get('sqs.SendMessageBatch')).toEqual({
        calls: 1,
        failures: 0,
        items: 3,
        billedRequests: 1,
        ...none,
      });
      expect(calls.get('sqs.SendMessage')).toEqual({ calls: 3, failures: 1, items: 2, billedRequests: 4, ...none });
      expect(calls.get('sqs.ReceiveMessage')).toEqual({ calls: 1, failures: 0, items: 5, billedRequests: 3, ...none });
      aws.clearCalls();
      expect(aws.calls().size).toBe(0);
    });

    test('count a call whose answer was lost as failed', async () => {
      const { aws } = fixture();
      const url = await aQueue(fixture());
      aws.fault({ action: 'SendMessage', fault: { kind: 'cut-after' } });
      await send(url, 'a').catch(() => undefined);
      expect(aws.calls().get('sqs.SendMessage')).toMatchObject({ calls: 1, failures: 1 });
    });
  });
});

describe('the endpoint of the local AWS', () => {
  const fixture = useLocalAws();
  const post = (target: string, body: string) =>
    fetch(fixture().aws.config.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target },
      body,
    });

  test('answers errors of SQS in the JSON protocol, with the name from the query protocol', async () => {
    const response = await post('AmazonSQS.GetQueueUrl', '{"QueueName":"none"}');
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-query-error')).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
    expect(await response.json()).toEqual({
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
  });

  test.each([
    ['a body that is no JSON', 'AmazonSQS.ListQueues', '{', 'SerializationException'],
    ['a body that is no object', 'AmazonSQS.ListQueues', '[]', 'SerializationException'],
    ['a member of another type', 'AmazonSQS.GetQueueUrl', '{"QueueName":1}', 'SerializationException'],
    ['an action of SQS that is not there', 'AmazonSQS.AddPermission', '{}', 'UnknownOperationException'],
    ['an action of SSM that is not there', 'AmazonSSM.SendCommand', '{}', 'UnknownOperationException'],
    [
      'an action of DynamoDB that is not there',
      'DynamoDB_20120810.ExecuteStatement',
      '{}',
      'UnknownOperationException',
    ],
  ])('refuses %s', async (_, target, body, type) => {
    const response = await post(target, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: expect.stringContaining(`#${type}`) });
  });

  test('forgets everything on a reset, and clients stay good', async () => {
    const { aws } = fixture();
    const url = await aQueue(fixture());
    await fixture().sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
    aws.fault({ fault: { kind: 'cut-before' } });
    aws.reset();
    const again = new SendMessageCommand({ QueueUrl: url, MessageBody: 'b' });
    await expect(fixture().sqs.send(again)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    expect(await aQueue(fixture())).toBe(url);
    expect(await receiveBodies(fixture(), url)).toEqual([]);
    const put = new PutItemCommand({ TableName: 'none', Item: { pk: { S: 'a' } } });
    await expect(fixture().dynamodb.send(put)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
