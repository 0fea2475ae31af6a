/** The whole system on the adapters of AWS, in one process: the API, the workers behind their queues, the accounting. */

import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { MAX_RECEIVE_COUNT, MINUTE_MS, useAwsSystem } from './support/use-aws-system.ts';

const system = useAwsSystem();
const { aBody, post, statusOf, passTime, deadLetters, clock } = system;

interface Ticket {
  readonly payloadId: string;
  readonly uploadUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

describe('a message on AWS', () => {
  test('that is posted reaches its target once, with its bytes and headers', async () => {
    const headers = { 'Content-Type': 'text/plain', 'X-Case': 'kept' };
    expect(await post('/message', aBody('m1', { headers, body: 'grüße' }))).toMatchObject({ status: 202 });
    expect(await post('/message', aBody('m1', { headers, body: 'grüße' }))).toMatchObject({ status: 200 });
    await system.work.settle();
    expect(system.receiver.receptions.map(({ body, headers: got }) => [body.toString(), got['x-case']])).toEqual([
      ['grüße', 'kept'],
    ]);
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(system.errors).toEqual([]);
  });

  test('with a large body is sent from the payload store, again after a failure and after a replay', async () => {
    const body = 'grüße '.repeat(50_000);
    system.answerWith([500, 404]);
    expect(await post('/message', aBody('m1', { body }))).toMatchObject({ status: 202 });
    expect(await post('/message', aBody('m1', { body }))).toMatchObject({ status: 200 });
    await passTime();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'rejected', attempts: 2 });
    expect(await post('/messages/m1/replay', { senderId: 'billing' })).toMatchObject({ status: 202 });
    await system.work.settle();
    expect(system.receiver.receptions.map((reception) => reception.body.toString() === body)).toEqual([
      true,
      true,
      true,
    ]);
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(deadLetters()[0]?.body.length).toBeLessThan(1_000);
    expect(system.errors).toEqual([]);
  });

  test('names a body that was uploaded, and is a dead letter when that is gone', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefghijk');
    const upload = { senderId: 'billing', sha256: hash('sha256', bytes), size: bytes.length };
    const { status, json } = await post<Ticket>('/payloads', upload);
    expect(status).toBe(201);
    const { payloadId, uploadUrl, headers } = json;
    expect(await post('/message', aBody('m1', { body: '', payloadId }))).toMatchObject({ status: 400 });
    const { 'content-length': _, ...others } = headers;
    expect((await fetch(uploadUrl, { method: 'PUT', body: bytes, headers: others })).status).toBe(200);
    for (const id of ['m1', 'm2']) {
      expect(await post('/message', aBody(id, { body: '', payloadId }))).toMatchObject({ status: 202 });
      if (id === 'm1') await system.work.settle();
    }
    expect(system.receiver.receptions.map(({ body }) => body.equals(bytes))).toEqual([true]);
    const object = `${system.aws.config.endpoint}/${system.resources.bucketName}/payloads/bodies/billing/${upload.sha256}`;
    expect((await fetch(object, { method: 'DELETE' })).status).toBe(204);
    await system.work.settle();
    expect(await statusOf('m2')).toEqual({ status: 'FAILED', reason: 'payload-missing', attempts: 0 });
    expect(system.receiver.receptions).toHaveLength(1);
  });

  test('that fails is tried again after a while, and no sooner', async () => {
    system.answerWith([500, 503]);
    await post('/message', aBody('m1'));
    await system.work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'RETRYING', reason: null, attempts: 1 });
    await passTime();
    expect(system.receiver.receptions).toHaveLength(3);
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 3 });
  });

  test('that is refused becomes a dead letter, and a replay delivers it', async () => {
    system.answerWith([404]);
    await post('/message', aBody('m1'));
    await system.work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'rejected', attempts: 1 });
    expect(deadLetters()).toEqual([{ body: expect.stringContaining('"m1"'), reason: 'rejected' }]);
    expect(await post('/messages/m1/replay', { senderId: 'billing' })).toEqual({ status: 202, json: { replayed: 1 } });
    await system.work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(system.receiver.receptions.at(-1)?.body.toString()).toBe('{"id":"m1"}');
  });

  test('with a body that no queue takes is delivered byte for byte', async () => {
    const body = 'x'.repeat(1_000_000);
    expect(await post('/message', aBody('m1', { body }))).toMatchObject({ status: 202 });
    await system.work.settle();
    expect(system.receiver.receptions[0]?.body.toString() === body).toBe(true);
  });

  test('that waits longer than a queue can is delivered when it is due', async () => {
    await post('/message', aBody('m1'));
    const [message] = system.resources.workQueueUrls.flatMap((url) => [...system.aws.sqs.messages(url)]);
    const entry = system.store.readEntry(message?.sent.body ?? '');
    const due = clock.now() + 40 * MINUTE_MS;
    await system.store.handBack([{ entry, until: due }]);
    await system.store.claim([{ entry, token: 'of a worker that dies', leaseMs: 40 * MINUTE_MS }]);
    for (let minute = 0; minute < 39; minute++) {
      clock.advance(MINUTE_MS);
      await system.work.poll();
    }
    expect(system.receiver.receptions).toEqual([]);
    clock.set(due);
    await passTime();
    expect(system.receiver.receptions).toHaveLength(1);
  });
});

describe('a batch', () => {
  test('is delivered whole, and the accounting adds up', async () => {
    const messages = Array.from({ length: 100 }, (_, index) => aBody(`m${index}`));
    expect(await post('/messages', { messages })).toMatchObject({ status: 202 });
    await system.work.settle();
    expect(system.receiver.distinct()).toBe(100);
    expect(await system.store.accounting.run()).toMatchObject({
      accepted: 100,
      succeeded: 100,
      waiting: 0,
      missing: 0,
      overdue: 0,
    });
    const stats = await (await system.api.request('/stats')).json();
    expect(stats).toMatchObject({ accepted: 100, succeeded: 100, failed: 0, waiting: 0, difference: 0 });
  });
});

describe('a record', () => {
  test('that is no entry is kept with the dead letters, and holds no other up', async () => {
    await post('/message', aBody('m1'));
    for (const QueueUrl of system.resources.workQueueUrls) {
      await system.aws.call(
        { service: 'sqs', action: 'SendMessage' },
        { QueueUrl, MessageBody: 'poison', MessageGroupId: 'g' },
      );
    }
    await system.work.settle();
    expect(await statusOf('m1')).toMatchObject({ status: 'SUCCESS' });
    expect(deadLetters()).toEqual(Array(2).fill({ body: 'poison', reason: 'unreadable' }));
    for (const queueUrl of system.resources.workQueueUrls) expect(system.aws.sqs.messages(queueUrl)).toEqual([]);
  });

  test('that is given up by its queue ends its message as redriven, which can be replayed', async () => {
    await post('/message', aBody('m1'));
    const fault = system.aws.fault({
      service: 'dynamodb',
      action: 'UpdateItem',
      fault: { kind: 'error', code: 'AccessDeniedException' },
    });
    for (let turn = 0; turn <= MAX_RECEIVE_COUNT; turn++) {
      await system.work.poll();
      clock.advance(2 * MINUTE_MS);
    }
    fault.remove();
    expect(await statusOf('m1')).toMatchObject({ status: 'QUEUED' });
    await system.stranded.settle();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'redriven', attempts: 0 });
    expect(deadLetters()).toEqual([{ body: expect.stringContaining('"m1"'), reason: 'redriven' }]);
    await post('/messages/m1/replay', { senderId: 'billing' });
    await system.work.settle();
    expect(await statusOf('m1')).toMatchObject({ status: 'SUCCESS' });
  });
});

test('what disappears from the table shows in the accounting', async () => {
  await post('/messages', { messages: [aBody('m1'), aBody('m2')] });
  await system.work.settle();
  const { Items: items } = (await system.aws.call(
    { service: 'dynamodb', action: 'Scan' },
    { TableName: system.resources.tableName },
  )) as {
    Items: { pk: { S: string }; sk: { S: string } }[];
  };
  const lost = items.find(({ pk }) => pk.S.includes('m1'));
  const Key = { pk: lost?.pk, sk: lost?.sk };
  await system.aws.call({ service: 'dynamodb', action: 'DeleteItem' }, { TableName: system.resources.tableName, Key });
  clock.advance(24 * 60 * MINUTE_MS);
  expect(await system.store.accounting.run()).toMatchObject({ accepted: 1, missing: 1 });
  expect(await (await system.api.request('/stats')).json()).toMatchObject({ accepted: 2, succeeded: 1, difference: 1 });
});
