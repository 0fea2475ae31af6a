import { afterAll, afterEach, beforeEach } from '@jest/globals';
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
import { type Receiver, startReceiver } from './receiver.ts';

export const MINUTE_MS = 60_000;
/** Times that a queue hands a record out before it gives it up. */
export const MAX_RECEIVE_COUNT = 3;

/** A system for each test of a file, on a local AWS of the file. */
export function useAwsSystem() {
  const clock = createManualClock();
  let aws: LocalAws;
  let clients: AwsClients;
  let resources: MessageResources;
  let store: DynamoMessageStore;
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
    const { circuits, signing, payloads } = stores;
    ({ store } = stores);
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

  return {
    ...{ clock, aBody, post, statusOf, passTime, deadLetters },
    get aws() {
      return aws;
    },
    get resources() {
      return resources;
    },
    get store() {
      return store;
    },
    get receiver() {
      return receiver;
    },
    get api() {
      return api;
    },
    get work() {
      return work;
    },
    get stranded() {
      return stranded;
    },
    /** What the functions met and survived. */
    get errors() {
      return errors;
    },
    /** What the target answers next, before it goes on with 200. */
    answerWith(statuses: readonly number[]): void {
      answers = [...statuses];
    },
  };
}
