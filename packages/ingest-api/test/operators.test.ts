import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import fc from 'fast-check';
import { startApi } from './support/api.ts';
import { fail } from './support/dead-letters.ts';
import { messageJson } from './support/messages.ts';

describe('GET /messages/{messageId}', () => {
  test('shows the status, attempts and last error of every message with that id', async () => {
    const api = await startApi();
    await fail(api, messageJson({ timestamp: '2026-11-22T10:00:00.500Z' }));
    await api.client.post('/message', messageJson({ senderId: 'shop' }));
    const { status, json } = await api.client.get('/messages/order-42');
    expect(status).toBe(200);
    expect(json).toMatchObject({ messages: [{ senderId: 'shop' }, { senderId: 'billing' }] });
    expect((json as { messages: unknown[] }).messages[1]).toEqual({
      messageId: 'order-42',
      senderId: 'billing',
      timestamp: '2026-11-22T10:00:00.5Z',
      targetUrl: 'https://partner.example/hooks',
      status: 'FAILED',
      attempts: 1,
      maxAttempts: 3,
      totalAttempts: 1,
      replays: 0,
      acceptedAt: '2026-11-22T10:00:00.000Z',
      updatedAt: '2026-11-22T10:00:00.000Z',
      expiresAt: '2026-11-25T10:00:00.000Z',
      nextAttemptAt: null,
      reason: 'rejected',
      lastError: { statusCode: 404, message: 'HTTP 404', at: '2026-11-22T10:00:00.000Z' },
    });
  });

  test('shows those of one sender when it is named', async () => {
    const { client } = await startApi();
    await client.post('/message', messageJson());
    await client.post('/message', messageJson({ senderId: 'shop' }));
    const answer = await client.get('/messages/order-42?senderId=shop');
    expect(answer).toMatchObject({ status: 200, json: { messages: [{ senderId: 'shop', status: 'QUEUED' }] } });
    expect((answer.json as { messages: unknown[] }).messages).toHaveLength(1);
  });

  test('answers 404 when there is none', async () => {
    const { client } = await startApi();
    await client.post('/message', messageJson());
    const notFound = { status: 404, json: { type: 'not-found' } };
    expect(await client.get('/messages/order-43')).toMatchObject(notFound);
    expect(await client.get('/messages/order-42?senderId=shop')).toMatchObject(notFound);
    expect(await client.get('/messages/%zz%00')).toMatchObject(notFound);
  });

  test('refuses parameters that it does not know', async () => {
    const { client } = await startApi();
    expect(await client.get('/messages/order-42?sender=shop&senderId=a%20b')).toMatchObject({
      status: 400,
      json: { problems: [{ path: '?senderId' }, { path: '?sender' }] },
    });
  });

  test('finds every id that may be, percent-encoded once', async () => {
    const { client } = await startApi();
    const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const telling = fc.constantFrom('/', '%', '%2F', '%25', '%41', '?', '#', '+', '\\', '..', '&', '=', ':', '*');
    const id = fc
      .array(fc.oneof(character, telling), { minLength: 1, maxLength: 30 })
      .map((parts) => parts.join(''))
      // A path cannot say these: URLs take them for the folder itself and the one above, encoded or not.
      .filter((text) => text !== '.' && text !== '..');
    await fc.assert(
      fc.asyncProperty(id, async (messageId) => {
        await client.post('/message', messageJson({ messageId }));
        const answer = await client.get(`/messages/${encodeURIComponent(messageId)}`);
        expect(answer).toMatchObject({ status: 200, json: { messages: [{ messageId }] } });
        const replay = await client.post(`/messages/${encodeURIComponent(messageId)}/replay`, { senderId: 'billing' });
        expect(replay.status).toBe(409);
      }),
      { numRuns: 100 },
    );
  });
});

describe('GET /messages', () => {
  const page = (json: unknown) => json as { messages: { messageId: string }[]; cursor: string | null };

  test('goes through all messages in pages, newest first', async () => {
    const { client, clock } = await startApi();
    for (const messageId of ['a', 'b', 'c']) {
      await client.post('/message', messageJson({ messageId }));
      clock.advance(1);
    }
    const first = await client.get('/messages?limit=2');
    expect(first.status).toBe(200);
    expect(page(first.json).messages.map(({ messageId }) => messageId)).toEqual(['c', 'b']);
    const second = await client.get(`/messages?limit=2&cursor=${page(first.json).cursor}`);
    expect(page(second.json).messages.map(({ messageId }) => messageId)).toEqual(['a']);
    expect(page(second.json).cursor).toBeNull();
  });

  test.each([
    ['status=FAILED', ['dead']],
    ['status=QUEUED', ['alive']],
    ['senderId=shop', ['alive']],
    ['target=https://PARTNER.example', ['dead']],
    ['target=http://partner.example/', []],
    ['reason=rejected', ['dead']],
    ['reason=gone', []],
    ['from=2026-11-22T10:00:01Z', ['alive']],
    ['to=2026-11-22T12:00:01%2B02:00', ['dead']],
  ])('lists what matches %s', async (query, expected) => {
    const api = await startApi();
    await fail(api, messageJson({ messageId: 'dead' }));
    api.clock.advance(1_000);
    const alive = { messageId: 'alive', senderId: 'shop', targetUrl: 'https://other.example/' };
    await api.client.post('/message', messageJson(alive));
    const answer = await api.client.get(`/messages?${query}`);
    expect(page(answer.json).messages.map(({ messageId }) => messageId)).toEqual(expected);
  });

  test('refuses what is wrong with a query, each parameter by name', async () => {
    const { client } = await startApi();
    const answer = await client.get(
      '/messages?status=DONE&reason=x&from=now&to=2026-02-30T00:00:00Z&limit=201&target=/a&size=1&cursor=a&cursor=b&__proto__=1',
    );
    expect(answer.status).toBe(400);
    const { problems } = answer.json as { problems: { path: string }[] };
    expect(problems.map(({ path }) => path).sort()).toEqual(
      ['?__proto__', '?cursor', '?from', '?limit', '?reason', '?size', '?status', '?target', '?to'].sort(),
    );
  });

  test.each(['0', '-1', '1.5', '1e2', '0x10', '', ' 5', '201'])('refuses limit=%j', async (limit) => {
    const { client } = await startApi();
    const answer = await client.get(`/messages?limit=${encodeURIComponent(limit)}`);
    expect(answer).toMatchObject({ status: 400, json: { problems: [{ path: '?limit' }] } });
  });

  test('refuses a parameter that is given twice, even when nothing else is wrong', async () => {
    const { client } = await startApi();
    expect(await client.get('/messages?limit=1&limit=1')).toMatchObject({
      status: 400,
      json: { problems: [{ path: '?limit', message: 'is given more than once' }] },
    });
  });

  test('refuses a cursor that no page returned', async () => {
    const { client } = await startApi();
    expect(await client.get('/messages?cursor=%21')).toMatchObject({
      status: 400,
      json: { problems: [{ path: '?cursor' }] },
    });
  });

  test('answers 503 when the store cannot', async () => {
    const { client } = await startApi({ faults: { list: () => Promise.reject(new StoreUnavailableError('closing')) } });
    expect(await client.get('/messages')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });
});

describe('POST /messages/{messageId}/replay', () => {
  test('sends every matching FAILED message again with 202', async () => {
    const api = await startApi();
    await fail(api, messageJson(), messageJson({ targetUrl: 'https://other.example/' }));
    const answer = await api.client.post('/messages/order-42/replay', { senderId: 'billing' });
    expect(answer).toMatchObject({ status: 202, json: { replayed: 2 } });
    expect((await api.store.take(10)).entries).toHaveLength(2);
  });

  test('sends only the one that timestamp and targetUrl name', async () => {
    const api = await startApi();
    await fail(
      api,
      messageJson(),
      messageJson({ targetUrl: 'https://other.example/' }),
      messageJson({ timestamp: '2026-11-22T10:00:01Z' }),
    );
    const name = { senderId: 'billing', timestamp: '2026-11-22T11:00:00+01:00', targetUrl: 'https://other.example' };
    expect(await api.client.post('/messages/order-42/replay', name)).toMatchObject({
      status: 202,
      json: { replayed: 1 },
    });
    const [entry] = (await api.store.take(10)).entries;
    expect(entry?.identity).toMatchObject({ targetUrl: 'https://other.example/', timestamp: '2026-11-22T10:00:00Z' });
  });

  test('answers 404 when there is no such message', async () => {
    const api = await startApi();
    await fail(api, messageJson());
    const answer = await api.client.post('/messages/order-42/replay', { senderId: 'shop' });
    expect(answer).toMatchObject({ status: 404, json: { type: 'not-found' } });
  });

  test('answers 409 when none of them is FAILED', async () => {
    const { client } = await startApi();
    await client.post('/message', messageJson());
    const answer = await client.post('/messages/order-42/replay', { senderId: 'billing' });
    expect(answer).toMatchObject({ status: 409, json: { type: 'conflict' } });
  });

  test('refuses a body that does not name a sender, and fields that it does not know', async () => {
    const { client } = await startApi();
    expect(await client.post('/messages/order-42/replay', { sender: 'billing' })).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.senderId' }, { path: '$.sender' }] },
    });
  });
});

describe('POST /replays', () => {
  test('counts with dryRun, and then replays page by page', async () => {
    const api = await startApi();
    await fail(api, messageJson({ messageId: 'a' }), messageJson({ messageId: 'b' }));
    const query = { senderId: 'billing', target: 'https://partner.example', reason: 'rejected' };
    expect(await api.client.post('/replays', { ...query, dryRun: true })).toMatchObject({
      status: 202,
      json: { replayed: 0, remaining: 2 },
    });
    const first = await api.client.post('/replays', { ...query, limit: 1 });
    expect(first).toMatchObject({ status: 202, json: { replayed: 1, remaining: 1 } });
    const { cursor } = first.json as { cursor: string };
    expect(await api.client.post('/replays', { ...query, cursor })).toMatchObject({
      status: 202,
      json: { replayed: 1, remaining: 0, cursor: null },
    });
  });

  test('replays only what was accepted in the range of time', async () => {
    const api = await startApi();
    await fail(api, messageJson({ messageId: 'a' }));
    api.clock.advance(1_000);
    await fail(api, messageJson({ messageId: 'b' }));
    const range = { from: '2026-11-22T10:00:01Z', to: '2026-11-22T10:00:02Z' };
    expect(await api.client.post('/replays', range)).toMatchObject({
      status: 202,
      json: { replayed: 1, remaining: 0 },
    });
    expect((await api.store.take(10)).entries.map(({ identity }) => identity.messageId)).toEqual(['b']);
  });

  test('refuses what is wrong with a query, each field by its path', async () => {
    const { client } = await startApi();
    const answer = await client.post('/replays', { dryrun: true, dryRun: 'yes', limit: 1_001, reason: 'x' });
    expect(answer.status).toBe(400);
    const { problems } = answer.json as { problems: { path: string }[] };
    expect(problems.map(({ path }) => path).sort()).toEqual(['$.dryRun', '$.dryrun', '$.limit', '$.reason']);
  });

  test('refuses a cursor that no page returned', async () => {
    const { client } = await startApi();
    expect(await client.post('/replays', { cursor: '!' })).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.cursor' }] },
    });
  });
});

test('GET /stats accounts for every message', async () => {
  const api = await startApi();
  await fail(api, messageJson({ messageId: 'a' }));
  await api.client.post('/message', messageJson());
  expect(await api.client.get('/stats')).toMatchObject({
    status: 200,
    json: { accepted: 2, succeeded: 0, failed: 1, waiting: 1, difference: 0 },
  });
});

test('GET /stats shows a difference when the counts do not add up', async () => {
  const counts = { accepted: 10, succeeded: 5, failed: 1, waiting: 1 };
  const { client } = await startApi({ faults: { counts: () => Promise.resolve(counts) } });
  expect((await client.get('/stats')).json).toEqual({ ...counts, difference: 3 });
});
