import { describe, expect, test } from '@jest/globals';
import { LIMITS, StoreUnavailableError } from '@millrace/core';
import { startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

const unavailable = () => Promise.reject(new StoreUnavailableError('the disk is full'));

describe('POST /message', () => {
  test('accepts a message with 202, and stores it as it was sent', async () => {
    const { client, store } = await startApi();
    const body = '{"total":12.5, "text":"é\u0000"}';
    const message = messageJson({ method: 'PUT', headers: { 'X-Trace': 'a b' }, body, retry: { maxAttempts: 7 } });
    const answer = await client.post('/message', message);
    expect(answer).toMatchObject({
      status: 202,
      json: { messageId: 'order-42', senderId: 'billing', status: 'QUEUED', duplicate: false },
    });

    const { entries } = await store.take(10);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      identity: messageJson(),
      maxAttempts: 7,
      request: { method: 'PUT', headers: [['X-Trace', 'a b']] },
    });
    expect(Buffer.from(entries[0]?.request.body ?? []).toString()).toBe(body);
  });

  test('answers a repeat with 200, whatever the spelling of its timestamp and URL', async () => {
    const { client } = await startApi();
    await client.post('/message', messageJson());
    const repeat = messageJson({
      timestamp: '2026-11-22T11:00:00.000+01:00',
      targetUrl: 'HTTPS://Partner.example:443/hooks#part',
    });
    expect(await client.post('/message', repeat)).toMatchObject({
      status: 200,
      json: { messageId: 'order-42', senderId: 'billing', status: 'QUEUED', duplicate: true },
    });
  });

  test('answers a repeat with the status that the message has by now', async () => {
    const { client, store, clock } = await startApi();
    await client.post('/message', messageJson());
    const [entry] = (await store.take(1)).entries;
    if (entry === undefined) throw new Error('no entry');
    await store.claim([{ entry, token: 'a', leaseMs: 1_000 }]);
    clock.advance(10);
    await store.settle([{ entry, token: 'a', result: { kind: 'success' }, error: null }]);
    expect(await client.post('/message', messageJson())).toMatchObject({ status: 200, json: { status: 'SUCCESS' } });
  });

  test('answers the same identity with another content with 409', async () => {
    const { client } = await startApi();
    await client.post('/message', messageJson({ body: 'a' }));
    expect(await client.post('/message', messageJson({ body: 'b' }))).toMatchObject({
      status: 409,
      json: { type: 'conflict' },
    });
  });

  test('lists every problem of an invalid message with its path in a 400', async () => {
    const { client, store } = await startApi();
    const answer = await client.post('/message', {
      messageId: 'order 42',
      timestamp: 'yesterday',
      targetUrl: 'http://partner.example/',
      headers: { 'x-y': 'a\r\nb', host: 'a' },
      body: '=',
      bodyEncoding: 'base64',
      retry: { maxAttempts: 21, delay: 1 },
      payloadId: 'p',
    });
    expect(answer).toMatchObject({
      status: 400,
      headers: { 'content-type': 'application/problem+json' },
      json: { type: 'invalid', status: 400 },
    });
    expect(pathsOf(answer.json)).toEqual([
      '$.body',
      '$.headers.host',
      '$.headers["x-y"]',
      '$.messageId',
      '$.payloadId',
      '$.retry.delay',
      '$.retry.maxAttempts',
      '$.senderId',
      '$.targetUrl',
      '$.timestamp',
    ]);
    expect(answer.text).toContain('MILLRACE_ALLOW_HTTP');
    expect((await store.counts()).accepted).toBe(0);
  });

  test('takes plain-http targets where the configuration allows them', async () => {
    const { client } = await startApi({ config: { allowHttp: true } });
    expect((await client.post('/message', messageJson({ targetUrl: 'http://127.0.0.1:9/' }))).status).toBe(202);
  });

  test('answers 503 with a time to retry when the store cannot, and reports nothing as unexpected', async () => {
    const { client, errors } = await startApi({ faults: { accept: unavailable } });
    const answer = await client.post('/message', messageJson());
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, json: { type: 'unavailable' } });
    expect(answer.text).not.toContain('disk');
    expect(errors).toEqual([]);
  });

  test('answers 500 without internals when something unexpected fails, and reports it', async () => {
    const fault = new Error('secret of the inside');
    const { client, errors } = await startApi({ faults: { accept: () => Promise.reject(fault) } });
    const answer = await client.post('/message', messageJson());
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(errors).toEqual([fault]);
  });

  test('accepts the same message from 100 clients at once exactly once', async () => {
    const { client, store } = await startApi();
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.post('/message', messageJson())));
    const statuses = answers.map((answer) => answer.status).sort();
    expect(statuses).toEqual([...Array(99).fill(200), 202]);
    expect((await store.counts()).accepted).toBe(1);
  });
});

describe('a repeat of a message that expired since', () => {
  const expiring = messageJson({ expiresAt: '2026-11-22T10:00:01Z' });

  test('is a duplicate', async () => {
    const { client, clock } = await startApi();
    await client.post('/message', expiring);
    clock.advance(2_000);
    expect(await client.post('/message', expiring)).toMatchObject({ status: 200, json: { duplicate: true } });
  });

  test('is a conflict when its content is another', async () => {
    const { client, clock } = await startApi();
    await client.post('/message', expiring);
    clock.advance(2_000);
    expect((await client.post('/message', { ...expiring, body: 'other' })).status).toBe(409);
  });

  test('is invalid when anything else is wrong with it', async () => {
    const { client, clock } = await startApi();
    await client.post('/message', expiring);
    clock.advance(2_000);
    const answer = await client.post('/message', { ...expiring, method: 'HEAD' });
    expect(answer.status).toBe(400);
    expect(pathsOf(answer.json)).toEqual(['$.expiresAt', '$.method']);
  });

  test('is invalid when the message was never accepted', async () => {
    const { client, clock, store } = await startApi();
    clock.advance(2_000);
    const answer = await client.post('/message', expiring);
    expect(answer.status).toBe(400);
    expect(pathsOf(answer.json)).toEqual(['$.expiresAt']);
    expect((await store.counts()).accepted).toBe(0);
  });

  test('is unavailable when the store cannot say', async () => {
    const { client, clock } = await startApi({ faults: { get: unavailable } });
    clock.advance(2_000);
    expect((await client.post('/message', expiring)).status).toBe(503);
  });
});

test('expiresAt may be up to 72 hours ahead and no more', async () => {
  const { client, clock } = await startApi();
  const ahead = (ms: number) => new Date(clock.now() + LIMITS.lifetimeMs + ms).toISOString();
  expect((await client.post('/message', messageJson({ expiresAt: ahead(1) }))).status).toBe(400);
  expect((await client.post('/message', messageJson({ expiresAt: ahead(0) }))).status).toBe(202);
});

function pathsOf(json: unknown): string[] {
  const { problems } = json as { problems: { path: string }[] };
  return problems.map(({ path }) => path).sort();
}
