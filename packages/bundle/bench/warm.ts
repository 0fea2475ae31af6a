/** What a warm function costs: processor time of the handlers on stores that answer at once. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { systemClock } from '@millrace/core';
import { createAwsClients, createAwsStores } from '@millrace/core/aws';
import type { SQSEvent } from 'aws-lambda';
import type { Row } from '../../cli/bench/delivery/report.ts';
import { createHttpTarget } from '../../delivery-worker/src/http-target.ts';
import { createDeliveryHandler } from '../../delivery-worker/src/lambda-handlers.ts';
import { createLambdaHandler } from '../../ingest-api/src/lambda-handler.ts';
import { createInstantAws } from './instant-aws.ts';

const BATCH = 100;
const BODY_BYTES = 1_000;
const WARM_UP_BATCHES = 100;
const BATCHES = 300;

const RESOURCES = {
  circuitsTableName: 'circuits',
  tableName: 'messages',
  bucketName: 'payloads',
  workQueueUrls: ['https://sqs.eu-central-1.amazonaws.com/000000000000/work'],
  deadLetterQueueUrl: 'https://sqs.eu-central-1.amazonaws.com/000000000000/dead-letters',
  dedupeDays: 7,
};

/** Measures accepting and delivering the same messages. */
export async function measureWarm(): Promise<readonly Row[]> {
  const aws = createInstantAws();
  const clients = createAwsClients({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    requestHandler: aws.requestHandler,
  });
  const stores = createAwsStores(RESOURCES, { backend: 'ssm', prefix: '/bench' }, { clients });
  const { store, signing, payloads } = stores;
  const target = await startTarget();
  try {
    const batches: string[][] = [];
    const accept = createLambdaHandler({
      ...stores,
      parameters: { get: () => Promise.resolve(undefined) },
      clock: systemClock,
      config: { allowHttp: true, corsOrigins: [], callersParameter: undefined, openFrontDoor: true },
      onError: fail,
    });
    const events = Array.from({ length: WARM_UP_BATCHES + BATCHES }, (_, n) => acceptEvent(target.url, n));
    const acceptMs = await cpuOf(events, async (event) => {
      const { statusCode, body } = await accept(event);
      if (statusCode !== 202) throw new Error(`not accepted: ${statusCode} ${body}`);
      batches.push(aws.takeSent());
    });

    const http = createHttpTarget({
      connectTimeoutMs: 5_000,
      connections: 128,
      userAgent: 'Millrace',
      allowedPrivateCidrs: ['127.0.0.0/8'],
      payloads,
    });
    const deliver = createDeliveryHandler({
      store,
      signing,
      target: http,
      clock: systemClock,
      config: { concurrency: 128, requestTimeoutMs: 30_000 },
      onAttempt: ({ outcome }) => {
        if (outcome.kind !== 'response' || outcome.statusCode !== 204)
          throw new Error(`not delivered: ${outcome.kind}`);
      },
      onError: fail,
    });
    const deliverMs = await cpuOf(batches.map(sqsEvent), async (event) => {
      const { batchItemFailures } = await deliver(event, { getRemainingTimeInMillis: () => 60_000 });
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} records were left`);
    });
    await http.close();

    const messages = BATCHES * BATCH;
    return [
      {
        name: `warm accept, ${BATCH} messages a request`,
        value: messages / (acceptMs / 1_000),
        unit: 'messages/CPU s',
        reference: null,
        goal: { of: 'value', atLeast: 5_000 },
      },
      {
        name: `warm delivery, ${BATCH} records a batch`,
        value: deliverMs / messages,
        unit: 'CPU ms/message',
        reference: null,
        goal: { of: 'value', atMost: 1.5 },
      },
    ];
  } finally {
    target.stop();
  }
}

/** Processor milliseconds of the work on all events but those of the warm-up. */
async function cpuOf<Event>(events: readonly Event[], work: (event: Event) => Promise<void>): Promise<number> {
  for (const event of events.slice(0, WARM_UP_BATCHES)) await work(event);
  const before = process.cpuUsage();
  for (const event of events.slice(WARM_UP_BATCHES)) await work(event);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function acceptEvent(targetUrl: string, number: number): unknown {
  const body = JSON.stringify({ text: 'x'.repeat(BODY_BYTES - 11) });
  const messages = Array.from({ length: BATCH }, (_, index) => ({
    messageId: `order-${number}-${index}`,
    timestamp: new Date().toISOString(),
    senderId: 'bench',
    targetUrl,
    headers: { 'content-type': 'application/json' },
    body,
  }));
  return {
    version: '2.0',
    rawPath: '/messages',
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
    isBase64Encoded: false,
    requestContext: { domainName: 'abc.lambda-url.eu-central-1.on.aws', http: { method: 'POST' } },
  };
}

function sqsEvent(bodies: readonly string[], batch: number): SQSEvent {
  const sentAt = String(Date.now());
  return {
    Records: bodies.map((body, index) => ({
      messageId: `${batch}-${index}`,
      receiptHandle: 'handle',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: sentAt,
        SenderId: 'AROAEXAMPLE',
        ApproximateFirstReceiveTimestamp: sentAt,
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:work',
      awsRegion: 'eu-central-1',
    })),
  };
}

async function startTarget(): Promise<{ readonly url: string; stop(): void }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'target.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line]: unknown[] = await once(child.stdout, 'data');
  return { url: String(line).trim(), stop: () => child.stdin.end() };
}

function fail(error: unknown): never {
  throw error;
}
