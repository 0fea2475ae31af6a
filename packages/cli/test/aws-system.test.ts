/** The whole system on the adapters of AWS, in one process: the API, the workers behind their queues, the accounting. */

import { hash } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PayloadStore } from '@millrace/core';
import { type AwsClients, createAwsClients, createAwsStores, type DynamoMessageStore } from '@millrace/core/aws';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import {
  createEventSourceMapping,
  createMessageResources,
  type EventSourceMapping,
  type LocalAws,
  type MessageResources,
  startLocalAws,
} from '@millrace/core/testing/aws';
import {
  createDeliveryHandler,
  createFunctionGate,
  createHttpTarget,
  createStrandedHandler,
  type Target,
} from '@millrace/delivery-worker';
import { createApp } from '@millrace/ingest-api';
import { type Receiver, startReceiver } from './support/receiver.ts';

const MINUTE_MS = 60_000;
const MAX_RECEIVE_COUNT = 3;

const clock = createManualClock();
let aws: LocalAws;
let clients: AwsClients;
let resources: MessageResources;
let store: DynamoMessageStore;
let payloads: PayloadStore;
let target: Target;
let receiver: Receiver;
let api: ReturnType<typeof createApp>;
let work: EventSourceMapping;
let stranded: EventSourceMapping;
/** What the target answers next; 200 when there is nothing. */
let answers: number[];
let errors: unknown[];

beforeEach(async () => {
  clock.set(START_TIME);
  aws ??= await startLocalAws({ clock: clock.now });
  clients ??= createAwsClients(aws.config);
  resources = await createMessageResources(clients, {
    prefix: 'test',
    queueShards: 2,
    maxReceiveCount: MAX_RECEIVE_COUNT,
  });
  const stores = createAwsStores(resources, { backend: 'ssm', prefix: '/millrace/dev/secrets' }, { clients, clock });
  const { circuits, signing } = stores;
  ({ store, payloads } = stores);
  answers = [];
  errors = [];
  receiver = await startReceiver(() => answers.shift() ?? 200);
  target = createHttpTarget({
    connectTimeoutMs: 5_000,
    connections: 10,
    userAgent: 'Millrace',
    allowedPrivateCidrs: ['127.0.0.0/8'],
    payloads,
  });
  api = createApp({ ...stores, clock, config: { allowHttp: true, corsOrigins: [] } });
  const onError = (error: unknown): void => void errors.push(error);
  const deliveryHandler = createDeliveryHandler({
    ...{ store, signing, target, clock, onAttempt: () => undefined, onError },
    gate: createFunctionGate({ store: circuits, clock, onError }),
    config: { concurrency: 10, requestTimeoutMs: 5_000 },
  });
  const shards = resources.workQueueUrls.map((queueUrl) =>
    createEventSourceMapping({ aws, queueUrl, handler: deliveryHandler, clock: clock.now }),
  );
  work = {
    poll: async () =>
      (await Promise.all(shards.map((shard) => shard.poll())))[0] ?? Promise.reject(new Error('no shard')),
    settle: async () =>
      (await Promise.all(shards.map((shard) => shard.settle())))[0] ?? Promise.reject(new Error('no shard')),
  };
  stranded = createEventSourceMapping({
    ...{ aws, queueUrl: resources.strandedQueueUrl, clock: clock.now },
    handler: createStrandedHandler({ ...store, onError }),
  });
});
afterEach(async () => {
  await Promise.all([target.close(), receiver.close()]);
  aws.reset();
});
afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  await aws.close();
});

interface Ticket {
  readonly payloadId: string;
  readonly uploadUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

function aBody(messageId: string, fields: object = {}) {
  const targetUrl = `${receiver.url}/hooks`;
  return {
    messageId,
    senderId: 'billing',
    timestamp: '2026-11-22T10:00:00Z',
    targetUrl,
    body: `{"id":"${messageId}"}`,
    ...fields,
  };
}

async function post<Json = Record<string, unknown>>(
  path: string,
  body: unknown,
): Promise<{ status: number; json: Json }> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await api.request(path, init);
  return { status: response.status, json: (await response.json()) as Json };
}

async function statusOf(messageId: string): Promise<unknown> {
  const response = await api.request(`/messages/${messageId}?senderId=billing`);
  const { messages } = (await response.json()) as {
    messages: { status: string; reason: string | null; attempts: number }[];
  };
  return messages.map(({ status, reason, attempts }) => ({ status, reason, attempts }))[0];
}

/** Workers go on until every retry has had its time. */
async function passTime(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) {
    await work.settle();
    clock.advance(2 * MINUTE_MS);
  }
}

function deadLetters(): readonly { readonly body: string; readonly reason: string | undefined }[] {
  return aws.sqs.messages(resources.deadLetterQueueUrl).map(({ sent }) => ({
    body: sent.body,
    reason: sent.attributes['reason']?.StringValue,
  }));
}

describe('a message on AWS', () => {
  test('that is posted reaches its target once, with its bytes and headers', async () => {
    const headers = { 'Content-Type': 'text/plain', 'X-Case': 'kept' };
    expect(await post('/message', aBody('m1', { headers, body: 'grüße' }))).toMatchObject({ status: 202 });
    expect(await post('/message', aBody('m1', { headers, body: 'grüße' }))).toMatchObject({ status: 200 });
    await work.settle();
    expect(receiver.receptions.map(({ body, headers: got }) => [body.toString(), got['x-case']])).toEqual([
      ['grüße', 'kept'],
    ]);
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(errors).toEqual([]);
  });

  test('with a large body is sent from the payload store, again after a failure and after a replay', async () => {
    const body = 'grüße '.repeat(50_000);
    answers = [500, 404];
    expect(await post('/message', aBody('m1', { body }))).toMatchObject({ status: 202 });
    expect(await post('/message', aBody('m1', { body }))).toMatchObject({ status: 200 });
    await passTime();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'rejected', attempts: 2 });
    expect(await post('/messages/m1/replay', { senderId: 'billing' })).toMatchObject({ status: 202 });
    await work.settle();
    expect(receiver.receptions.map((reception) => reception.body.toString() === body)).toEqual([true, true, true]);
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(deadLetters()[0]?.body.length).toBeLessThan(1_000);
    expect(errors).toEqual([]);
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
      if (id === 'm1') await work.settle();
    }
    expect(receiver.receptions.map(({ body }) => body.equals(bytes))).toEqual([true]);
    const object = `${aws.config.endpoint}/${resources.bucketName}/payloads/bodies/billing/${upload.sha256}`;
    expect((await fetch(object, { method: 'DELETE' })).status).toBe(204);
    await work.settle();
    expect(await statusOf('m2')).toEqual({ status: 'FAILED', reason: 'payload-missing', attempts: 0 });
    expect(receiver.receptions).toHaveLength(1);
  });

  test('that fails is tried again after a while, and no sooner', async () => {
    answers = [500, 503];
    await post('/message', aBody('m1'));
    await work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'RETRYING', reason: null, attempts: 1 });
    await passTime();
    expect(receiver.receptions).toHaveLength(3);
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 3 });
  });

  test('that is refused becomes a dead letter, and a replay delivers it', async () => {
    answers = [404];
    await post('/message', aBody('m1'));
    await work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'rejected', attempts: 1 });
    expect(deadLetters()).toEqual([{ body: expect.stringContaining('"m1"'), reason: 'rejected' }]);
    expect(await post('/messages/m1/replay', { senderId: 'billing' })).toEqual({ status: 202, json: { replayed: 1 } });
    await work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(receiver.receptions.at(-1)?.body.toString()).toBe('{"id":"m1"}');
  });

  test('with a body that no queue takes is delivered byte for byte', async () => {
    const body = 'x'.repeat(1_000_000);
    expect(await post('/message', aBody('m1', { body }))).toMatchObject({ status: 202 });
    await work.settle();
    expect(receiver.receptions[0]?.body.toString() === body).toBe(true);
  });

  test('that waits longer than a queue can is delivered when it is due', async () => {
    await post('/message', aBody('m1'));
    const [message] = resources.workQueueUrls.flatMap((url) => [...aws.sqs.messages(url)]);
    const entry = store.readEntry(message?.sent.body ?? '');
    const due = clock.now() + 40 * MINUTE_MS;
    await store.handBack([{ entry, until: due }]);
    await store.claim([{ entry, token: 'of a worker that dies', leaseMs: 40 * MINUTE_MS }]);
    for (let minute = 0; minute < 39; minute++) {
      clock.advance(MINUTE_MS);
      await work.poll();
    }
    expect(receiver.receptions).toEqual([]);
    clock.set(due);
    await passTime();
    expect(receiver.receptions).toHaveLength(1);
  });
});

describe('a target on AWS', () => {
  const sendTen = () => {
    const messages = Array.from({ length: 10 }, (_, index) => aBody(`x${index}`, { retry: { maxAttempts: 1 } }));
    return post('/messages', { messages });
  };

  test('that fails is left alone: its messages wait in the queue, and go when it is probed', async () => {
    answers = Array.from({ length: 10 }, () => 503);
    await sendTen();
    await work.settle();
    const origin = new URL(receiver.url).origin;
    const page = await (await api.request('/targets?senderId=billing')).json();
    expect(page).toMatchObject({ targets: [{ target: origin, circuit: { state: 'open', failures: 10 } }] });

    await post('/message', aBody('m1'));
    await work.settle();
    expect(receiver.receptions).toHaveLength(10);
    expect(await statusOf('m1')).toEqual({ status: 'QUEUED', reason: null, attempts: 0 });
    await passTime();
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(errors).toEqual([]);
  });

  test('that is held by hand gets nothing until it is released', async () => {
    const key = { senderId: 'billing', target: receiver.url };
    expect(await post('/targets/hold', key)).toMatchObject({ status: 200, json: { hold: { kind: 'manual' } } });
    await post('/message', aBody('m1'));
    for (let quarter = 0; quarter < 5; quarter++) {
      await work.settle();
      clock.advance(15 * MINUTE_MS);
    }
    expect(receiver.receptions).toEqual([]);
    expect(await post('/targets/release', key)).toMatchObject({ status: 200 });
    await work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
  });

  test('that is gone makes dead letters, told as held, which are delivered by a replay after its release', async () => {
    answers = [410];
    await post('/message', aBody('m1'));
    await work.settle();
    await post('/message', aBody('m2'));
    await work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'gone', attempts: 1 });
    expect(await statusOf('m2')).toEqual({ status: 'FAILED', reason: 'held', attempts: 0 });
    expect(deadLetters().map(({ reason }) => reason)).toEqual(['gone', 'held']);
    const key = { senderId: 'billing', target: `${receiver.url}/hooks` };
    expect(await post('/targets/release', key)).toMatchObject({ status: 200 });
    clock.advance(MINUTE_MS);
    expect(await post('/replays', { reason: 'held' })).toMatchObject({ json: { replayed: 1 } });
    await work.settle();
    expect(await statusOf('m2')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(await store.accounting.run()).toMatchObject({
      accepted: 2,
      succeeded: 1,
      failed: 1,
      waiting: 0,
      missing: 0,
    });
  });
});

describe('a batch', () => {
  test('is delivered whole, and the accounting adds up', async () => {
    const messages = Array.from({ length: 100 }, (_, index) => aBody(`m${index}`));
    expect(await post('/messages', { messages })).toMatchObject({ status: 202 });
    await work.settle();
    expect(receiver.distinct()).toBe(100);
    expect(await store.accounting.run()).toMatchObject({
      accepted: 100,
      succeeded: 100,
      waiting: 0,
      missing: 0,
      overdue: 0,
    });
    const stats = await (await api.request('/stats')).json();
    expect(stats).toMatchObject({ accepted: 100, succeeded: 100, failed: 0, waiting: 0, difference: 0 });
  });
});

describe('a record', () => {
  test('that is no entry is kept with the dead letters, and holds no other up', async () => {
    await post('/message', aBody('m1'));
    for (const QueueUrl of resources.workQueueUrls) {
      await aws.call(
        { service: 'sqs', action: 'SendMessage' },
        { QueueUrl, MessageBody: 'poison', MessageGroupId: 'g' },
      );
    }
    await work.settle();
    expect(await statusOf('m1')).toMatchObject({ status: 'SUCCESS' });
    expect(deadLetters()).toEqual(Array(2).fill({ body: 'poison', reason: 'unreadable' }));
    for (const queueUrl of resources.workQueueUrls) expect(aws.sqs.messages(queueUrl)).toEqual([]);
  });

  test('that is given up by its queue ends its message as redriven, which can be replayed', async () => {
    await post('/message', aBody('m1'));
    const fault = aws.fault({
      service: 'dynamodb',
      action: 'UpdateItem',
      fault: { kind: 'error', code: 'AccessDeniedException' },
    });
    for (let turn = 0; turn <= MAX_RECEIVE_COUNT; turn++) {
      await work.poll();
      clock.advance(2 * MINUTE_MS);
    }
    fault.remove();
    expect(await statusOf('m1')).toMatchObject({ status: 'QUEUED' });
    await stranded.settle();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'redriven', attempts: 0 });
    expect(deadLetters()).toEqual([{ body: expect.stringContaining('"m1"'), reason: 'redriven' }]);
    await post('/messages/m1/replay', { senderId: 'billing' });
    await work.settle();
    expect(await statusOf('m1')).toMatchObject({ status: 'SUCCESS' });
  });
});

test('what disappears from the table shows in the accounting', async () => {
  await post('/messages', { messages: [aBody('m1'), aBody('m2')] });
  await work.settle();
  const { Items: items } = (await aws.call(
    { service: 'dynamodb', action: 'Scan' },
    { TableName: resources.tableName },
  )) as {
    Items: { pk: { S: string }; sk: { S: string } }[];
  };
  const lost = items.find(({ pk }) => pk.S.includes('m1'));
  const Key = { pk: lost?.pk, sk: lost?.sk };
  await aws.call({ service: 'dynamodb', action: 'DeleteItem' }, { TableName: resources.tableName, Key });
  clock.advance(24 * 60 * MINUTE_MS);
  expect(await store.accounting.run()).toMatchObject({ accepted: 1, missing: 1 });
  expect(await (await api.request('/stats')).json()).toMatchObject({ accepted: 2, succeeded: 1, difference: 1 });
});
