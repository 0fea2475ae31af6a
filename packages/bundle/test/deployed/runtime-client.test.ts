/** The built zips and layers as Lambda starts them: unpacked into an empty root, run by the official runtime client. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { createAwsClients, createLazyObjectStore } from '@millrace/core/aws';
import { generateVisitEvents } from '../../../checkpoint/src/testing/generate-visit-events.ts';
import { emfProblems } from '../../../core/test/support/emf-rules.ts';
import { eventOf, signedEventOf } from '../../../ingest-api/test/support/events.ts';
import { messageJson } from '../../../ingest-api/test/support/messages.ts';
import { FUNCTIONS, HANDLER_EXPORT } from '../../src/artefacts.ts';
import { logLines, metricLines, payloadOf, poll, useBuiltFunctions } from '../support/built-functions.ts';

const TEST_LIMIT_MS = 60_000;

const functions = useBuiltFunctions();

/** A target that answers 204, and tells what it got. */
async function startTarget(): Promise<{ url: string; bodies: string[]; headers: string[][] }> {
  const bodies: string[] = [];
  const headers: string[][] = [];
  const server = createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    headers.push(request.rawHeaders);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  functions().onEnd(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, bodies, headers };
}

const send = (message: unknown, path = '/message') => ({
  method: 'POST',
  path,
  headers: [['content-type', 'application/json']] as const,
  body: JSON.stringify(message),
});

const startApi = () => functions().start('ingest-api', 'lambda');

/** Lets the API accept messages, so that their entries are in the work queue. */
async function accept(...messages: readonly object[]): Promise<void> {
  const answer = await payloadOf(await startApi(), signedEventOf('function URL', send({ messages }, '/messages')));
  expect(answer).toMatchObject({ statusCode: 202 });
}

/** The one message of that id, as the API shows it. */
async function viewOf(messageId: string): Promise<unknown> {
  const request = { method: 'GET', path: `/messages/${messageId}`, query: 'senderId=billing' };
  const answer = await payloadOf(await startApi(), signedEventOf('function URL', request));
  const { messages }: { messages: readonly object[] } = JSON.parse((answer as { body: string }).body);
  expect(messages).toHaveLength(1);
  return messages[0];
}

function putRecord(queueUrl: string, MessageBody: string): Promise<unknown> {
  return functions().aws.call({ service: 'sqs', action: 'SendMessage' }, { QueueUrl: queueUrl, MessageBody });
}

const workQueue = (): string => functions().resources.workQueueUrls[0] ?? '';
const deadLetters = () => functions().aws.sqs.messages(functions().resources.deadLetterQueueUrl);

const handlers = FUNCTIONS.flatMap(({ name, entries }) =>
  entries.map((entry) => ({ name, entry, handler: `${entry}.${HANDLER_EXPORT}` })),
);

test.each(handlers)(
  '$name starts with the handler string $handler',
  async ({ name, entry }) => {
    const started = await functions().start(name, entry);
    await started.ready();
    expect(started.output()).toBe('');
  },
  TEST_LIMIT_MS,
);

const OF_MESSAGES = ['TABLE', 'CIRCUITS_TABLE', 'BUCKET', 'WORK_QUEUE_URLS', 'DEAD_LETTER_QUEUE_URL', 'LOG_LEVEL'];
/** Where the checkpoint is, its event may say as well. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'ingest-api': [...OF_MESSAGES, 'CALLERS_PARAMETER'],
  'delivery-worker': OF_MESSAGES,
  checkpoint: ['LOG_LEVEL'],
};

test.each(handlers)(
  '$name without its settings reports every one of them to $handler as an error of the initialisation',
  async ({ name, entry }) => {
    const started = await functions().start(name, entry, {
      ...functions().awsEnvironment(),
      MILLRACE_LOG_LEVEL: 'loud',
    });
    const { errorType, errorMessage } = await started.initError;
    expect(errorType).toBe('ConfigError');
    for (const setting of NEEDED[name] ?? []) expect(errorMessage).toContain(`MILLRACE_${setting}`);
    expect(await started.exited).not.toBe(0);
  },
  TEST_LIMIT_MS,
);

describe('the HTTP API', () => {
  test(
    'accepts a message once, from a function URL and from an HTTP API, and refuses a wrong one',
    async () => {
      const api = await startApi();
      const first = await payloadOf(api, signedEventOf('function URL', send(messageJson())));
      expect(first).toMatchObject({ statusCode: 202, headers: { 'content-type': 'application/json' } });
      const again = await payloadOf(api, signedEventOf('HTTP API', send(messageJson())));
      expect(again).toMatchObject({ statusCode: 200, body: expect.stringContaining('"duplicate":true') });
      const wrong = await payloadOf(api, signedEventOf('function URL', send({ messageId: 'order 42' })));
      expect(wrong).toMatchObject({ statusCode: 400, body: expect.stringContaining('targetUrl') });
    },
    TEST_LIMIT_MS,
  );

  test(
    'lets nobody send who has not signed, and nobody for another sender',
    async () => {
      const api = await startApi();
      const unsigned = await payloadOf(api, eventOf('function URL', send(messageJson())));
      expect(unsigned).toMatchObject({ statusCode: 403 });
      const foreign = send(messageJson({ senderId: 'shipping' }));
      expect(await payloadOf(api, signedEventOf('function URL', foreign))).toMatchObject({ statusCode: 403 });
      expect(functions().aws.sqs.messages(workQueue())).toHaveLength(0);
    },
    TEST_LIMIT_MS,
  );

  test(
    'keeps a body that is too large for a queue in the bucket',
    async () => {
      const target = await startTarget();
      const body = 'x'.repeat(400_000);
      await accept(messageJson({ targetUrl: target.url, body }));
      expect(functions().aws.calls().get('s3.PutObject')?.calls).toBe(1);
      const worker = await functions().start('delivery-worker', 'lambda');
      expect(await poll(functions().aws, worker, workQueue())).toMatchObject({ deleted: 1, errors: [] });
      expect(target.bodies).toEqual([body]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'fails an event that is no HTTP request, and goes on with the next',
    async () => {
      const api = await startApi();
      expect(await api.invoke({ Records: [] })).toMatchObject({ kind: 'error', error: { errorType: 'TypeError' } });
      expect(await payloadOf(api, eventOf('function URL', { method: 'GET', path: '/health' }))).toMatchObject({
        statusCode: 200,
      });
    },
    TEST_LIMIT_MS,
  );
});

describe('the worker', () => {
  test(
    'delivers what is in its queue and answers that nothing failed',
    async () => {
      const target = await startTarget();
      const body = '{"total":12.5}\r\n';
      await accept(messageJson({ targetUrl: target.url, headers: { 'X-Trace': 'Ab' }, body }));
      const worker = await functions().start('delivery-worker', 'lambda');
      const { answers, deleted } = await poll(functions().aws, worker, workQueue());
      expect({ answers, deleted }).toEqual({ answers: [{ batchItemFailures: [] }], deleted: 1 });
      expect(target.bodies).toEqual([body]);
      expect(target.headers[0]).toEqual(expect.arrayContaining(['X-Trace', 'Ab']));
      expect(await viewOf('order-42')).toMatchObject({ status: 'SUCCESS', attempts: 1 });
    },
    TEST_LIMIT_MS,
  );

  test(
    'leaves one record of a batch to the queue, keeps one that is no entry, and delivers the others',
    async () => {
      const [good, failing] = [await startTarget(), await startTarget()];
      await accept(
        messageJson({ messageId: 'good', targetUrl: good.url }),
        messageJson({ messageId: 'failing', targetUrl: failing.url }),
      );
      await putRecord(workQueue(), 'c4n4ry: not an entry');
      const [, second] = functions().aws.sqs.messages(workQueue());
      functions().aws.fault({
        service: 'dynamodb',
        action: 'UpdateItem',
        where: ({ input }) => JSON.stringify(input['Key']).includes('failing'),
        fault: { kind: 'error', code: 'AccessDeniedException', status: 400 },
      });
      const worker = await functions().start('delivery-worker', 'lambda');
      const { answers, deleted, errors } = await poll(functions().aws, worker, workQueue());
      expect(errors).toEqual([]);
      expect(answers).toEqual([{ batchItemFailures: [{ itemIdentifier: second?.sent.id }] }]);
      expect(deleted).toBe(2);
      expect([good.bodies.length, failing.bodies.length]).toEqual([1, 0]);
      expect(deadLetters()).toHaveLength(1);
      expect(await logLines(worker)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ msg: 'attempt', messageId: 'good', status: 204 }),
          expect.objectContaining({
            msg: 'a record comes again',
            event: 'record.left',
            error: expect.objectContaining({
              name: 'AwsAccessError',
              message: expect.stringContaining(`dynamodb:UpdateItem on table ${functions().resources.tableName}`),
            }),
          }),
        ]),
      );
      expect(worker.output()).not.toContain('c4n4ry');
    },
    TEST_LIMIT_MS,
  );

  test(
    'writes one object of attempts and its metrics before it answers, and says once that it has started',
    async () => {
      const target = await startTarget();
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
      const request = send(
        { messages: ['a', 'b'].map((messageId) => messageJson({ messageId, targetUrl: target.url })) },
        '/messages',
      );
      const traced = { ...request, headers: [...request.headers, ['traceparent', traceparent]] as const };
      const api = await startApi();
      expect(await payloadOf(api, signedEventOf('function URL', traced))).toMatchObject({ statusCode: 202 });
      const worker = await functions().start('delivery-worker', 'lambda');
      expect(await poll(functions().aws, worker, workQueue())).toMatchObject({ deleted: 2, errors: [] });

      const attempts = await attemptObjects();
      expect(attempts).toHaveLength(1);
      const records = attempts[0]
        ?.trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(records).toEqual(
        ['a', 'b'].map(() =>
          expect.objectContaining({
            outcome: 'success',
            status_code: 204,
            worker: '2026/11/22/[$LATEST]0123456789abcdef',
          }),
        ),
      );
      expect(records?.map(({ message_id }) => message_id).sort()).toEqual(['a', 'b']);
      expect(target.headers.flat().filter((text) => text.startsWith(`00-${trace}-`))).toHaveLength(2);

      const metrics = await metricLines(worker);
      expect(metrics.flatMap(emfProblems)).toEqual([]);
      expect(metrics.filter((line) => line['ColdStart'] === 1)).toHaveLength(1);
      expect(metrics).toContainEqual(
        expect.objectContaining({ service: 'delivery-worker', millrace_messages_delivered_total: 2 }),
      );
      expect(await metricLines(api)).toContainEqual(
        expect.objectContaining({ service: 'ingest-api', millrace_messages_accepted_total: 2 }),
      );
      const lines = [...(await logLines(api)), ...(await logLines(worker))];
      const ids = Map.groupBy(lines, ({ webhookId }) => webhookId);
      expect([...ids.values()].map((group) => group.map(({ event, traceId }) => [event, traceId]))).toEqual([
        ...['a', 'b'].map(() => [
          ['message.accepted', trace],
          ['attempt', trace],
        ]),
      ]);
    },
    TEST_LIMIT_MS,
  );
});

/** The text of every object of attempts. */
async function attemptObjects(): Promise<string[]> {
  const { bucketName } = functions().resources;
  const store = createLazyObjectStore(createAwsClients(functions().aws.config), bucketName);
  const { objects } = await store.list({ prefix: 'attempts/', limit: 10 });
  return await Promise.all(
    objects.map(async ({ key }) => gunzipSync((await store.get(key))?.bytes ?? new Uint8Array()).toString()),
  );
}

test(
  'the stranded function ends the messages that their queue gave up',
  async () => {
    await accept(messageJson());
    const [entry] = functions().aws.sqs.messages(workQueue());
    await putRecord(functions().resources.strandedQueueUrl, entry?.sent.body ?? '');
    const stranded = await functions().start('delivery-worker', 'stranded-lambda');
    const { answers } = await poll(functions().aws, stranded, functions().resources.strandedQueueUrl);
    expect(answers).toEqual([{ batchItemFailures: [] }]);
    expect(await viewOf('order-42')).toMatchObject({ status: 'FAILED', reason: 'redriven' });
    expect(deadLetters()).toHaveLength(1);
  },
  TEST_LIMIT_MS,
);

test(
  'the accounting function counts all messages and logs what it found as JSON',
  async () => {
    await accept(messageJson({ messageId: 'one' }), messageJson({ messageId: 'two' }));
    const accounting = await functions().start('delivery-worker', 'accounting-lambda');
    const report = await payloadOf(accounting, { 'detail-type': 'Scheduled Event', source: 'aws.scheduler' });
    expect(report).toMatchObject({ accepted: 2, waiting: 2, succeeded: 0, failed: 0, missing: 0, overdue: 0 });
    expect(await logLines(accounting)).toEqual([
      expect.objectContaining({ msg: 'accounting', accepted: 2, level: 30 }),
    ]);
  },
  TEST_LIMIT_MS,
);

test(
  'the checkpoint function folds what its event names, and writes its metrics before it answers',
  async () => {
    const { bucketName } = functions().resources;
    const store = createLazyObjectStore(createAwsClients(functions().aws.config), bucketName);
    for (const { name, bytes } of generateVisitEvents({ count: 7 })) await store.put(`logs/${name}`, bytes);
    const checkpoint = await functions().start('checkpoint', 'lambda');
    const event = { source_bucket: bucketName, prefix: 'logs/', checkpoint_bucket: bucketName };
    expect(await payloadOf(checkpoint, event)).toMatchObject({ statusCode: 200, new_events_processed: 7 });
    expect(await payloadOf(checkpoint, event)).toMatchObject({ statusCode: 200, new_events_processed: 0 });

    const metrics = await metricLines(checkpoint);
    expect(metrics.flatMap(emfProblems)).toEqual([]);
    const ofDataset = { service: 'checkpoint', dataset: 'visit-events' };
    expect(metrics).toContainEqual(
      expect.objectContaining({ ...ofDataset, result: 'folded', millrace_checkpoint_events_total: 7 }),
    );
    const complete = metrics.filter((line) => line['result'] === 'complete');
    expect(complete.map((line) => line['millrace_checkpoint_runs_total'])).toEqual([1, 1]);
    expect(await logLines(checkpoint)).toMatchObject([
      { event: 'checkpoint.folded', service: 'checkpoint', folded: 7, totalEvents: 7 },
      { event: 'checkpoint.folded', service: 'checkpoint', folded: 0, totalEvents: 7 },
    ]);
  },
  TEST_LIMIT_MS,
);
