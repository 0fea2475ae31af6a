/** Every command on a deployed system: the real API on the adapters of AWS, behind a door that checks signatures. */

import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AwsClients, createAwsClients, createAwsStores } from '@millrace/core/aws';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import {
  createEventSourceMapping,
  createMessageResources,
  type LocalAws,
  startLocalAws,
} from '@millrace/core/testing/aws';
import { createDeliveryHandler, createHttpTarget, type Target } from '@millrace/delivery-worker';
import { createApp } from '@millrace/ingest-api';
import { SECRETS, useAwsEnvironment } from './support/aws-environment.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type CliOptions, linesOf, runCli } from './support/run-cli.ts';
import { type SignedApi, startSignedApi } from './support/signed-api.ts';

useAwsEnvironment();
const clock = createManualClock();
let aws: LocalAws;
let clients: AwsClients;
let target: Target;
let receiver: Receiver;
let api: SignedApi;
let senders: readonly string[] | 'all';
let deliver: () => Promise<unknown>;

beforeEach(async () => {
  clock.set(START_TIME);
  senders = 'all';
  aws ??= await startLocalAws({ clock: clock.now });
  clients ??= createAwsClients(aws.config);
  const resources = await createMessageResources(clients, { prefix: 'test' });
  const stores = createAwsStores(resources, { backend: 'ssm', prefix: '/millrace/dev/secrets' }, { clients, clock });
  const { store, signing, payloads } = stores;
  receiver = await startReceiver(() => 404);
  target = createHttpTarget({
    connectTimeoutMs: 5_000,
    connections: 10,
    userAgent: 'Millrace',
    allowedPrivateCidrs: ['127.0.0.0/8'],
    payloads,
  });
  const app = createApp({
    ...{ ...stores, clock, config: { allowHttp: true, corsOrigins: [] } },
    callerOf: () => ({ name: 'the caller', senders }),
  });
  const onError = (error: unknown) => {
    throw error;
  };
  const [queueUrl = ''] = resources.workQueueUrls;
  const handler = createDeliveryHandler({
    ...{ store, signing, target, clock, onAttempt: () => undefined, onError },
    config: { concurrency: 10, requestTimeoutMs: 5_000 },
  });
  const work = createEventSourceMapping({ aws, queueUrl, handler, clock: clock.now });
  deliver = () => work.settle();
  api = await startSignedApi({
    ...{ service: 'lambda', region: 'eu-central-1', now: clock.now, secretOf: (id) => SECRETS.get(id) },
    fetch: (request) => app.fetch(request),
  });
  await putParameter('/millrace/dev/api-url', `${api.url}/`);
  await putParameter('/millrace/dev/api-service', 'lambda');
});
afterEach(async () => {
  await Promise.all([api.close(), target.close(), receiver.close()]);
  aws.reset();
});
afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  await aws.close();
});

async function putParameter(Name: string, Value: string): Promise<void> {
  await aws.call({ service: 'ssm', action: 'PutParameter' }, { Name, Value, Type: 'String' });
}

function onAws(args: readonly string[], options: CliOptions = {}) {
  const [command = '', ...rest] = args;
  return runCli([command, '--aws', '--env', 'dev', '--endpoint', aws.config.endpoint, ...rest], options);
}

function aLine(messageId: string, fields: object = {}) {
  return { messageId, senderId: 'billing', timestamp: '2026-11-22T10:00:00Z', targetUrl: receiver.url, ...fields };
}

async function failMessages(...ids: readonly string[]): Promise<void> {
  await onAws(['send', '--file', '-'], { stdin: linesOf(...ids.map((id) => aLine(id))) });
  await deliver();
}

describe('on a deployed system', () => {
  test('send posts a message, and a repeat of it is a duplicate', async () => {
    const args = ['send', '--to', receiver.url, '--sender', 'billing', '--id', 'order-42', '--data', 'grüße'];
    expect(await onAws(args)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('accepted') });
    expect(await onAws(args)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('duplicate') });
    await deliver();
    expect(receiver.receptions.map(({ body }) => body.toString())).toEqual(['grüße']);
    expect(api.refusals).toEqual([]);
  });

  test('send --file posts batches', async () => {
    const lines = Array.from({ length: 120 }, (_, n) => aLine(`m${n}`));
    const { code, stdout } = await onAws(['send', '--file', '-', '--json'], { stdin: linesOf(...lines) });
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, lines: 120, accepted: 120, complete: true });
    expect(api.letIn).toHaveLength(2);
  });

  test.each(['order/42', '100%', '%2F', 'a+b', "!'()*", 'a&b=c?d#e', '~._-', '$,:;@[]{}|^`"<>\\'])(
    'status finds a message with the id %j',
    async (id) => {
      await onAws(['send', '--to', receiver.url, '--sender', 'a+b&c', '--id', id]);
      const { code, stdout, stderr } = await onAws(['status', id, '--sender', 'a+b&c', '--json']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout).messages).toMatchObject([{ messageId: id, senderId: 'a+b&c', status: 'QUEUED' }]);
    },
  );

  test('an id with a space is told unknown by the API, not refused by its door', async () => {
    const { code, stderr } = await onAws(['status', 'order 42', '--sender', 'billing']);
    expect({ code, refusals: api.refusals }).toEqual({ code: 1, refusals: [] });
    expect(stderr).toContain('(HTTP 404)');
  });

  test('status asks for a sender when the caller has several', async () => {
    senders = ['billing', 'shop'];
    await failMessages('order-42');
    const { code, stderr } = await onAws(['status', 'order-42']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/senderId is missing; expected one of billing, shop/),
    });
    expect(await onAws(['status', 'order-42', '--sender', 'shop'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('404'),
    });
    expect(await onAws(['status', 'order-42', '--sender', 'billing'])).toMatchObject({ code: 0 });
  });

  test('list and dead-letters show failed messages, over several pages', async () => {
    await failMessages(...Array.from({ length: 120 }, (_, n) => `m${n}`));
    const failed = await onAws(['list', '--status', 'failed', '--limit', '200', '--json']);
    expect(JSON.parse(failed.stdout).messages).toHaveLength(120);
    const { code, stdout } = await onAws([
      'dead-letters',
      '--from',
      '2026-11-22T11:00:00+02:00',
      '--sender',
      'billing',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('rejected') });
    expect(await onAws(['list'])).toMatchObject({ code: 1, stderr: expect.stringContaining('FAILED') });
  });

  test('replay sends one message again, or all that match', async () => {
    await failMessages('m1', 'm2', 'm3');
    const counted = await onAws(['replay', '--reason', 'rejected', '--dry-run', '--json']);
    expect(JSON.parse(counted.stdout)).toEqual({ replayed: 0, remaining: 3 });
    const one = await onAws(['replay', 'm1', '--sender', 'billing', '--json']);
    expect(JSON.parse(one.stdout)).toEqual({ replayed: 1, remaining: 0 });
    const rest = await onAws(['replay', '--target', `${receiver.url}/`, '--json']);
    expect(JSON.parse(rest.stdout)).toEqual({ replayed: 2, remaining: 0 });
  });

  test('stats shows the accounting', async () => {
    await failMessages('m1', 'm2');
    const { code, stdout, stderr } = await onAws(['stats', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ difference: 0 });
  });

  test('load signs every request', async () => {
    const args = ['load', '--to', receiver.url, '--count', '40', '--connections', '4', '--json'];
    const { code, stdout, stderr } = await onAws(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 40, refused: 0, url: `${api.url}/message` });
    const signatures = api.letIn.map(({ headers }) => headers['authorization']);
    expect(new Set(signatures).size).toBe(40);
    const batched = await onAws([...args, '--batch', '20', '--id-prefix', 'b-']);
    expect(JSON.parse(batched.stdout)).toMatchObject({ accepted: 40, requests: 2 });
  });
});

test('MILLRACE_ENV names the system, and stands over MILLRACE_URL', async () => {
  const env = { MILLRACE_ENV: 'dev', MILLRACE_URL: 'http://127.0.0.1:9', MILLRACE_KEY: 'k' };
  const args = ['stats', '--aws', '--endpoint', aws.config.endpoint];
  expect(await runCli(args, { env })).toMatchObject({ code: 0, stderr: '' });
  expect(api.letIn[0]?.headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 /);
});

test('another project has parameters of its own', async () => {
  await putParameter('/other/dev/api-url', api.url);
  await putParameter('/other/dev/api-service', 'lambda');
  expect(await onAws(['stats', '--project', 'other'])).toMatchObject({ code: 0, stderr: '' });
  const third = await onAws(['stats', '--project', 'third']);
  expect(third).toMatchObject({ code: 1, stderr: expect.stringContaining('no parameter /third/dev/api-url') });
});
