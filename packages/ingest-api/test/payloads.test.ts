import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { LIMITS, StoreUnavailableError } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import { type Api, startApi } from './support/api.ts';
import { beginUpload, pathOf, payloadJson, upload } from './support/uploads.ts';

const BYTES = Buffer.from('{"total":12.5}');
const HOUR_MS = 3_600_000;

async function filesOf({ folder }: Api): Promise<string[]> {
  const found = await readdir(`${folder}/payloads`, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('POST /payloads', () => {
  test('tells where and how to put a body, and until when', async () => {
    const { client, url } = await startApi();
    const json = payloadJson(BYTES);
    expect(await client.post('/payloads', json)).toMatchObject({
      status: 201,
      json: {
        payloadId: `sha256-${json.sha256}`,
        uploadUrl: expect.stringMatching(`^${url}/payloads/sha256-${json.sha256}[?]`),
        headers: { 'content-length': String(BYTES.length) },
        expiresAt: new Date(START_TIME + HOUR_MS).toISOString(),
      },
    });
  });

  test('begins the URL with the public one where that is set', async () => {
    const api = await startApi({ config: { publicUrl: 'https://millrace.example/api' } });
    expect((await beginUpload(api, BYTES)).uploadUrl).toMatch(/^https:\/\/millrace\.example\/api\/payloads\/sha256-/);
  });

  test('lists everything that is wrong', async () => {
    const { client } = await startApi();
    const answer = await client.post('/payloads', { senderId: 'a b', sha256: 'ABC', size: 0, name: 'x' });
    const paths = (answer.json as { problems: { path: string }[] }).problems.map(({ path }) => path).sort();
    expect(answer.status).toBe(400);
    expect(paths).toEqual(['$.name', '$.senderId', '$.sha256', '$.size']);
    for (const size of [LIMITS.payloadBytes + 1, 1.5, '14']) {
      expect(await client.post('/payloads', { ...payloadJson(BYTES), size })).toMatchObject({ status: 400 });
    }
    expect(await client.post('/payloads', { ...payloadJson(BYTES), size: LIMITS.payloadBytes })).toMatchObject({
      status: 201,
    });
  });

  test('is for callers who may send, and for their senders', async () => {
    const mayRead = { name: 'a reader', senders: 'all', scopes: ['read'] } as const;
    const reader = await startApi({ callerOf: () => mayRead });
    expect(await reader.client.post('/payloads', payloadJson(BYTES))).toMatchObject({ status: 403 });
    const billing = await startApi({ callerOf: () => ({ name: 'billing', senders: ['billing'] }) });
    expect(await billing.client.post('/payloads', payloadJson(BYTES))).toMatchObject({ status: 201 });
    expect(await billing.client.post('/payloads', payloadJson(BYTES, 'shop'))).toMatchObject({
      status: 403,
      json: { problems: [{ path: '$.senderId' }] },
    });
  });

  test('answers 503 when the store cannot', async () => {
    const beginUpload = () => Promise.reject(new StoreUnavailableError('no'));
    const { client, errors } = await startApi({ payloadFaults: { beginUpload } });
    expect(await client.post('/payloads', payloadJson(BYTES))).toMatchObject({ status: 503 });
    expect(errors).toEqual([]);
  });
});

describe('PUT /payloads/{payloadId}', () => {
  test('stores the body, and asks nobody who they are', async () => {
    const api = await startApi();
    const ticket = await beginUpload(api, BYTES);
    const { sha256 } = payloadJson(BYTES);
    const answer = await fetch(ticket.uploadUrl, { method: 'PUT', body: BYTES });
    expect([answer.status, await answer.json()]).toEqual([200, { payloadId: ticket.payloadId }]);
    expect(await api.payloads.hold({ senderId: 'billing', sha256 })).toMatchObject({ size: BYTES.length });
  });

  test('is let in by the signature of its URL, also where everybody else needs a key', async () => {
    let mayCall = true;
    const api = await startApi({
      callerOf: () => {
        if (!mayCall) throw new Error('no key');
        return { name: 'billing', senders: ['billing'] };
      },
    });
    const ticket = await beginUpload(api, BYTES);
    mayCall = false;
    expect(await api.client.request('PUT', pathOf(ticket), { body: BYTES })).toMatchObject({ status: 200 });
  });

  test.each([
    ['another sender', (path: string) => path.replace('senderId=billing', 'senderId=shop')],
    ['another content', (path: string) => path.replace(/sha256-./, (start) => `${start.slice(0, -1)}x`)],
    ['another size', (path: string) => path.replace('size=14', 'size=15')],
    ['a later end', (path: string) => path.replace(/expires=\d/, 'expires=9')],
    ['another signature', (path: string) => path.replace(/signature=.{4}/, 'signature=AAAA')],
  ])('refuses a URL that was changed to name %s', async (_, change) => {
    const api = await startApi();
    const path = change(pathOf(await beginUpload(api, BYTES)));
    expect(await api.client.request('PUT', path, { body: [BYTES] })).toMatchObject({
      status: 403,
      json: { type: 'forbidden' },
    });
    expect(await filesOf(api)).toEqual([]);
  });

  test('refuses a URL whose time is over, and what is no such URL', async () => {
    const api = await startApi();
    const path = pathOf(await beginUpload(api, BYTES));
    api.clock.advance(HOUR_MS);
    expect(await api.client.request('PUT', path, { body: BYTES })).toMatchObject({ status: 403 });
    expect(await api.client.request('PUT', '/payloads/x', { body: BYTES })).toMatchObject({
      status: 400,
      json: { problems: expect.arrayContaining([expect.objectContaining({ path: '?signature' })]) },
    });
  });

  test.each([
    ['more bytes, as it says', 413, Buffer.concat([BYTES, BYTES])],
    ['fewer bytes, as it says', 400, BYTES.subarray(1)],
    ['other bytes', 400, Buffer.from('{"total":13.5}')],
    ['more bytes, without a word', 413, [Buffer.alloc(200_000, 'x'), Buffer.alloc(200_000, 'x')]],
    ['fewer bytes, without a word', 400, [BYTES.subarray(1)]],
  ])('refuses %s than were announced, and keeps nothing', async (_, status, body) => {
    const api = await startApi();
    const path = pathOf(await beginUpload(api, BYTES));
    expect(await api.client.request('PUT', path, { body })).toMatchObject({ status });
    expect(await filesOf(api)).toEqual([]);
    expect(api.errors).toEqual([]);
    expect(await api.client.request('PUT', path, { body: BYTES })).toMatchObject({ status: 200 });
  });

  test('keeps nothing of an upload that is cut off in its middle', async () => {
    const broken = Promise.withResolvers<unknown>();
    const api: Api = await startApi({
      uploads: { receive: (sent, chunks) => api.payloads.receive(sent, chunks).catch(broken.resolve) },
    });
    const bytes = Buffer.alloc(3_000_000, 'x');
    const path = pathOf(await beginUpload(api, bytes));
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write(`PUT ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes.subarray(0, 1_000_000), () => socket.destroy());
    expect(await broken.promise).toMatchObject({ code: 'upload-refused', fault: 'mismatch' });
    expect(await filesOf(api)).toEqual([]);
    expect(api.errors).toEqual([]);
  });

  test('can be repeated', async () => {
    const api = await startApi();
    const first = await upload(api, BYTES);
    expect(await upload(api, BYTES)).toBe(first);
    expect(await filesOf(api)).toHaveLength(1);
  });
});
