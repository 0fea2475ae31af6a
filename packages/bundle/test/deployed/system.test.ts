import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { findSignatureFaults, parseSigningSecret } from '@millrace/core';
import { testNeeding, uniqueId } from '@millrace/core/testing';
import { startLocalStack } from '@millrace/core/testing/localstack';
import { type DeployedSystem, deploySystem } from './support/deployed-system.ts';
import { makeDist } from './support/dist.ts';
import { type MessageJson, messageTo } from './support/message-json.ts';
import { startTarget, type Target } from './support/target.ts';
import { until } from './support/until.ts';

/** What the tests here need of AWS, and LocalStack 4.14 has not. */
const LOCALSTACK = { name: 'LocalStack', lacks: ['lambda paths of function URLs as clients encode them'] };

jest.setTimeout(180_000);

/** Longer than the backoff before a second attempt. */
const RETRY_AFTER_SECONDS = 3;

const closers: (() => unknown)[] = [];
let system: DeployedSystem;
let target: Target;
/** Of the host, as functions see it. */
let targetAddress: string;
/** Messages that the API has said it took. */
let acceptedCount = 0;

beforeAll(async () => {
  const dist = await makeDist();
  closers.push(dist.remove);
  const localStack = await startLocalStack({ dynamodb: true });
  closers.push(localStack.stop);
  targetAddress = localStack.hostAddress;
  target = await startTarget(targetAddress);
  closers.push(target.close);
  system = await deploySystem(localStack, dist.folder);
  closers.push(system.close);
}, 400_000);

afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 60_000);

/** Posts a message that must be accepted. */
async function accepted(targetUrl: string, fields: Partial<MessageJson> = {}): Promise<MessageJson> {
  const message = messageTo(targetUrl, fields);
  const { messageId, senderId } = message;
  expect(await system.api.post('/message', message)).toEqual({
    status: 202,
    json: { messageId, senderId, status: 'QUEUED', duplicate: false },
  });
  acceptedCount += 1;
  return message;
}

/** What operators see of a message. */
async function look({ messageId, senderId }: MessageJson): Promise<Readonly<Record<string, unknown>>> {
  const { status, json } = await system.api.get(`/messages/${encodeURIComponent(messageId)}?senderId=${senderId}`);
  expect(status).toBe(200);
  const { messages } = json as { messages: Readonly<Record<string, unknown>>[] };
  expect(messages).toHaveLength(1);
  return messages[0] ?? {};
}

async function untilStatus(message: MessageJson, wanted: string): Promise<Readonly<Record<string, unknown>>> {
  return await until(`${message.messageId} is ${wanted}`, async () => {
    const view = await look(message);
    return view['status'] === wanted && view;
  });
}

describe('a message posted to the function URL', () => {
  test('reaches its target with the method, path, headers and bytes that it was given', async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const path = '/exact?a=1&b=%2F';
    const message = await accepted(target.url(path), {
      method: 'PUT',
      headers: { 'X-Order': '42', 'content-type': 'application/octet-stream' },
      body: body.toString('base64'),
      bodyEncoding: 'base64',
    });
    expect(await untilStatus(message, 'SUCCESS')).toMatchObject({ attempts: 1, lastError: null, nextAttemptAt: null });
    const [request, ...more] = target.received(path);
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      method: 'PUT',
      headers: {
        'x-order': '42',
        'content-type': 'application/octet-stream',
        'webhook-id': expect.stringMatching(/^msg_[a-z2-7]+$/),
      },
    });
    expect(request?.rawHeaders).toContain('X-Order');
    expect(request?.body.equals(body)).toBe(true);
  });

  test('is signed with the secrets that the API shows, of now and during a rotation', async () => {
    const secretsOf = ({ status, json }: { status: number; json: unknown }) => {
      expect(status).toBe(200);
      const { secrets } = json as { secrets: { secret: string }[] };
      return secrets.flatMap(({ secret }) => parseSigningSecret(secret) ?? []);
    };
    const senderId = uniqueId('Sender');
    const path = `/secrets/${encodeURIComponent(senderId)}`;
    const [first] = secretsOf(await system.api.get(path));
    const rotated = secretsOf(await system.api.post(`${path}/rotate`, { overlapSeconds: 600 }));
    expect([rotated.length, first !== undefined && rotated[1]?.equals(first)]).toEqual([2, true]);

    const message = await accepted(target.url('/signed'), { senderId });
    await untilStatus(message, 'SUCCESS');
    const [request] = target.received('/signed');
    const headers = Object.fromEntries(
      Object.entries(request?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    const signed = { headers, body: request?.body ?? Buffer.alloc(0) };
    for (const secret of rotated) expect(findSignatureFaults(signed, [secret], { now: Date.now() })).toEqual([]);
  });

  test('reaches it also when its body is too large for a queue', async () => {
    const body = 'grüße '.repeat(100_000);
    const message = await accepted(target.url('/large'), { body });
    await untilStatus(message, 'SUCCESS');
    const bodies = target.received('/large').map((request) => request.body.toString());
    expect(bodies.map((text) => text === body)).toEqual([true]);
  });

  test('names a body of 20 MB that was uploaded, and it reaches the target as it is', async () => {
    const bytes = Buffer.alloc(20 * 1_024 * 1_024, 'abcdefghijk');
    const { status, json } = await system.api.post('/payloads', {
      ...{ senderId: 'billing', sha256: hash('sha256', bytes), size: bytes.length },
    });
    expect(status).toBe(201);
    const { payloadId, uploadUrl, headers } = json as {
      payloadId: string;
      uploadUrl: string;
      headers: Readonly<Record<string, string>>;
    };
    const { body: _, ...message } = messageTo(target.url('/payload'));
    const early = await system.api.post('/message', { ...message, payloadId });
    expect(early).toMatchObject({ status: 400, json: { problems: [{ path: '$.payloadId' }] } });
    expect(await system.api.put(uploadUrl, headers, bytes)).toMatchObject({ status: 200 });
    expect(await system.api.post('/message', { ...message, payloadId })).toMatchObject({ status: 202 });
    acceptedCount += 1;
    await untilStatus(message, 'SUCCESS');
    expect(target.received('/payload').map(({ body }) => body.equals(bytes))).toEqual([true]);
  });

  test('is a duplicate when it is repeated, and a conflict with other content', async () => {
    const message = await accepted(target.url('/repeated'));
    const { messageId, senderId } = message;
    await untilStatus(message, 'SUCCESS');
    expect(await system.api.post('/message', message)).toEqual({
      status: 200,
      json: { messageId, senderId, status: 'SUCCESS', duplicate: true },
    });
    expect(await system.api.post('/message', { ...message, body: 'other' })).toMatchObject({
      status: 409,
      json: { type: 'conflict' },
    });
    expect(target.received('/repeated')).toHaveLength(1);
  });

  testNeeding(
    LOCALSTACK,
    'lambda paths of function URLs as clients encode them',
    'is found under an id of any characters',
    async () => {
      const message = await accepted(target.url('/named'), { messageId: 'order/42%2F?#+"~' });
      expect(await untilStatus(message, 'SUCCESS')).toMatchObject({ messageId: message.messageId });
    },
  );

  test('shows its status all the way: an attempt, the wait that its target asks for, another attempt, success', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const url = target.url('/watched', async (response, nth) => {
      await gates[nth === 1 ? 0 : 1].promise;
      response.writeHead(nth === 1 ? 503 : 204, nth === 1 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}).end();
    });
    const message = await accepted(url);
    await until('the first attempt is made', () => target.received('/watched').length === 1);
    expect(await look(message)).toMatchObject({ status: 'PROCESSING', attempts: 1 });
    const answeredAt = Date.now();
    gates[0].resolve();
    expect(await untilStatus(message, 'RETRYING')).toMatchObject({ attempts: 1, lastError: { statusCode: 503 } });
    await until('the second attempt is made', () => target.received('/watched').length === 2);
    expect(await look(message)).toMatchObject({ status: 'PROCESSING', attempts: 2 });
    gates[1].resolve();
    expect(await untilStatus(message, 'SUCCESS')).toMatchObject({ attempts: 2 });
    const [, second, ...more] = target.received('/watched');
    expect(more).toEqual([]);
    expect(second?.at).toBeGreaterThanOrEqual(answeredAt + RETRY_AFTER_SECONDS * 1_000);
    const ids = target.received('/watched').map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
  });

  test('is answered with every problem when it is not valid, and is not stored', async () => {
    const { status, json } = await system.api.post('/message', { ...messageTo('nowhere'), senderId: '' });
    expect(status).toBe(400);
    expect(json).toMatchObject({ type: 'invalid', problems: [expect.anything(), expect.anything()] });
  });
});

test('a batch is accepted in one request, and every message of it reaches its target once', async () => {
  const messages = Array.from({ length: 60 }, (_, index) => messageTo(target.url('/batch'), { body: `item ${index}` }));
  const { status, json } = await system.api.post('/messages', { messages });
  expect({ status, json }).toMatchObject({ status: 202 });
  acceptedCount += messages.length;
  await until('all have come', () => target.received('/batch').length >= messages.length);
  for (const message of messages) await untilStatus(message, 'SUCCESS');
  const bodies = target.received('/batch').map(({ body }) => body.toString());
  expect(bodies.toSorted()).toEqual(messages.map(({ body }) => body).toSorted());
});

test('a message whose target fails is tried as often as its plan says, ends with the dead letters, and a replay delivers it', async () => {
  let mended = false;
  const url = target.url('/failing', (response) => void response.writeHead(mended ? 204 : 500).end('down'));
  const message = await accepted(url, { retry: { maxAttempts: 2 } });
  expect(await untilStatus(message, 'FAILED')).toMatchObject({
    attempts: 2,
    reason: 'exhausted',
    lastError: { statusCode: 500 },
  });
  expect(target.received('/failing')).toHaveLength(2);
  const letter = await deadLetterWith(message.messageId);
  expect(letter).toMatchObject({ reason: 'exhausted', error: expect.stringContaining('500') });

  mended = true;
  const replay = { senderId: message.senderId };
  expect(await system.api.post(`/messages/${message.messageId}/replay`, replay)).toEqual({
    status: 202,
    json: { replayed: 1 },
  });
  expect(await untilStatus(message, 'SUCCESS')).toMatchObject({ attempts: 1, totalAttempts: 3, replays: 1 });
  const requests = target.received('/failing');
  expect(requests).toHaveLength(3);
  expect(requests.at(-1)?.body.toString()).toBe(message['body']);
  expect(await system.api.post(`/messages/${message.messageId}/replay`, replay)).toMatchObject({ status: 409 });
});

test('what a target refuses is not tried again, and is found among the failed ones', async () => {
  const message = await accepted(target.url('/refusing', (response) => void response.writeHead(422).end('no')));
  await untilStatus(message, 'FAILED');
  expect(target.received('/refusing')).toHaveLength(1);
  const { json } = await system.api.get('/messages?status=FAILED&limit=100');
  const { messages } = json as { messages: unknown[] };
  expect(messages).toContainEqual(expect.objectContaining({ messageId: message.messageId, reason: 'rejected' }));
});

test('a target that fails again and again is left alone by all workers, is shown, and is tried when an operator says so', async () => {
  const down = await startTarget(targetAddress);
  closers.push(down.close);
  let mended = false;
  const url = down.url('/down', (response) => void response.writeHead(mended ? 204 : 500).end());
  // An origin of its own; its circuit must not be that of the others.
  const failing = Array.from({ length: 20 }, () => messageTo(url, { retry: { maxAttempts: 1 } }));
  expect(await system.api.post('/messages', { messages: failing })).toMatchObject({ status: 202 });
  acceptedCount += failing.length;
  const circuit = await until('the circuit is open', async () => {
    const { json } = await system.api.get('/targets?senderId=billing');
    const { targets } = json as { targets: { target: string; circuit: { state: string } | null }[] };
    return targets.find((one) => one.target === new URL(url).origin && one.circuit?.state === 'open');
  });
  expect(circuit).toMatchObject({ senderId: 'billing', circuit: { why: 'HTTP 500' }, hold: null });

  // Workers believe what they have read for three seconds.
  await until('no worker sends any more', async () => {
    const before = down.received('/down').length;
    const probe = await accepted(url, { retry: { maxAttempts: 1 } });
    const other = await accepted(target.url('/beside-a-dead-one'));
    await untilStatus(other, 'SUCCESS');
    const { status } = await look(probe);
    return down.received('/down').length === before && status === 'QUEUED';
  });
  mended = true;
  const release = { senderId: 'billing', target: new URL(url).origin };
  expect(await system.api.post('/targets/release', release)).toMatchObject({ status: 200 });
  const first = await accepted(url);
  await untilStatus(first, 'SUCCESS');
});

test('a record that is no entry blocks no other, and ends with the dead letters', async () => {
  const poison = `no entry: ${uniqueId('poison')}`;
  await system.putRecord(poison);
  const first = await accepted(target.url('/beside'));
  await system.putRecord(`{"v":1,"identity":"${poison}"}`);
  const second = await accepted(target.url('/beside'));
  for (const message of [first, second]) await untilStatus(message, 'SUCCESS');
  const letters = await until('both records are with the dead letters', async () => {
    const found = (await system.deadLetters()).filter(({ text }) => text.includes(poison));
    return found.length >= 2 && found;
  });
  expect(letters.map(({ reason }) => reason)).toEqual(['unreadable', 'unreadable']);
  expect(target.received('/beside')).toHaveLength(2);
});

test('the accounting adds up to what was accepted, and the API shows it', async () => {
  const message = await accepted(target.url('/counted'));
  await untilStatus(message, 'SUCCESS');
  expect(await system.runAccounting()).toMatchObject({ accepted: acceptedCount, missing: 0, overdue: 0 });
  const { status, json } = await system.api.get('/stats');
  expect({ status, json }).toMatchObject({ status: 200, json: { accepted: acceptedCount, difference: 0 } });
});

test('attempts are folded into a checkpoint, again and again, and a query counts the deliveries', async () => {
  const { succeeded } = (await system.runAccounting()) as { succeeded: number };
  // A worker writes its attempts after it has said what came of them.
  const rows = await until('every request is folded', async () => {
    expect(await system.foldAttempts()).toMatchObject({ statusCode: 200, failures: [], objects_pending: 0 });
    const found = await system.query('deliveries-by-target');
    const main = found.find((row) => row['target_origin'] === new URL(target.url('/')).origin);
    return main?.['attempts'] === target.requestCount() && found;
  });
  expect(rows.reduce((sum, row) => sum + Number(row['successes']), 0)).toBe(succeeded);
  expect(await system.foldAttempts()).toMatchObject({ statusCode: 200, new_events_processed: 0 });
});

test('is ready: every part of AWS that the API needs answers it', async () => {
  expect(await system.api.get('/health/ready')).toMatchObject({ status: 200 });
});

test('a message that its queue has given up fails as redriven, without another attempt', async () => {
  const url = target.url('/stranded', (response) => void response.writeHead(503, { 'retry-after': '3600' }).end());
  const { body, ...message } = await accepted(url);
  const { targetUrl, expiresAt } = await untilStatus(message, 'RETRYING');
  const { messageId, senderId, timestamp } = message;
  const entry = {
    v: 1,
    identity: { senderId, messageId, timestamp, targetUrl },
    ...{ round: 1, notBefore: Date.now(), maxAttempts: 3, expiresAt: Date.parse(String(expiresAt)) },
    request: { method: 'POST', headers: [], body: ['utf8', body] },
  };
  await system.putStranded(JSON.stringify(entry));
  expect(await untilStatus(message, 'FAILED')).toMatchObject({ attempts: 1, reason: 'redriven' });
  expect(target.received('/stranded')).toHaveLength(1);
  expect(await deadLetterWith(messageId)).toMatchObject({ reason: 'redriven' });
});

async function deadLetterWith(messageId: string) {
  return await until(`${messageId} is with the dead letters`, async () => {
    const letters = await system.deadLetters();
    return letters.find(({ text }) => text.includes(`"${messageId}"`));
  });
}
