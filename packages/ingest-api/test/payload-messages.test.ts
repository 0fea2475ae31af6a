import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { LIMITS, StoreUnavailableError } from '@millrace/core';
import { readAll } from '@millrace/core/testing';
import { type Api, startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';
import { beginUpload, payloadJson, upload } from './support/uploads.ts';

const BYTES = Buffer.from('{"total":12.5}');
const DAY_MS = 86_400_000;

async function takeOne({ store }: Api) {
  const [entry] = (await store.take(1)).entries;
  if (entry === undefined) throw new Error('no message is due');
  return entry;
}

/** The body that a worker would send. */
async function bodyOf(api: Api): Promise<Buffer> {
  const { request } = await takeOne(api);
  expect(request.body).toHaveLength(0);
  if (request.payload === undefined) throw new Error('the body stands in the entry');
  return await readAll(await api.payloads.open(request.payload));
}

async function deliver(api: Api): Promise<void> {
  const entry = await takeOne(api);
  await api.store.claim([{ entry, token: 'a', leaseMs: 1_000 }]);
  await api.store.settle([{ entry, token: 'a', result: { kind: 'success' }, error: null }]);
}

describe('a message with a payloadId', () => {
  test('is accepted once its body is uploaded, and a repeat of itself afterwards', async () => {
    const api = await startApi();
    const message = messageJson({ payloadId: await upload(api, BYTES) });
    expect(await api.client.post('/message', message)).toMatchObject({ status: 202 });
    expect(await api.client.post('/message', message)).toMatchObject({ status: 200, json: { duplicate: true } });
    expect((await bodyOf(api)).equals(BYTES)).toBe(true);
  });

  test('is refused before its body is uploaded, with what to do', async () => {
    const api = await startApi();
    const { payloadId } = await beginUpload(api, BYTES);
    expect(await api.client.post('/message', messageJson({ payloadId }))).toMatchObject({
      status: 400,
      json: {
        problems: [
          {
            path: '$.payloadId',
            message: 'is no payload of billing, or not uploaded yet',
            expected: 'the payloadId of an answer to POST /payloads, after the body was put to its uploadUrl',
          },
        ],
      },
    });
    expect((await api.store.counts()).accepted).toBe(0);
    await upload(api, BYTES);
    expect(await api.client.post('/message', messageJson({ payloadId }))).toMatchObject({ status: 202 });
  });

  test('of another sender is as one that is not there, and each sender can have the same content', async () => {
    const api = await startApi();
    const payloadId = await upload(api, BYTES);
    const foreign = messageJson({ payloadId, senderId: 'shop' });
    const unknown = messageJson({ payloadId: `sha256-${'0'.repeat(64)}`, senderId: 'shop' });
    const refused = await api.client.post('/message', foreign);
    expect(refused.status).toBe(400);
    expect(refused.json).toEqual((await api.client.post('/message', unknown)).json);
    await upload(api, BYTES, 'shop');
    expect(await api.client.post('/message', foreign)).toMatchObject({ status: 202 });
  });

  test('conflicts with another content under the same identity, wherever that is', async () => {
    const api = await startApi();
    await api.client.post('/message', messageJson({ payloadId: await upload(api, BYTES) }));
    const other = Buffer.from('other');
    expect(await api.client.post('/message', messageJson({ body: 'other' }))).toMatchObject({ status: 409 });
    const withOther = messageJson({ payloadId: await upload(api, other) });
    expect(await api.client.post('/message', withOther)).toMatchObject({ status: 409 });
  });

  test('is the same message as one with that content for a body', async () => {
    const api = await startApi();
    await api.client.post('/message', messageJson({ body: BYTES.toString() }));
    const repeat = messageJson({ payloadId: await upload(api, BYTES) });
    expect(await api.client.post('/message', repeat)).toMatchObject({ status: 200, json: { duplicate: true } });
  });

  test('that was delivered is a repeat still when its body is gone', async () => {
    const api = await startApi();
    const message = messageJson({ payloadId: await upload(api, BYTES) });
    await api.client.post('/message', message);
    await deliver(api);
    api.clock.advance(2 * DAY_MS);
    await api.payloads.removeUnused();
    expect(await api.payloads.hold(payloadJson(BYTES))).toBeUndefined();
    expect(await api.client.post('/message', message)).toMatchObject({ status: 200, json: { status: 'SUCCESS' } });
    const other = { ...message, payloadId: `sha256-${'0'.repeat(64)}` };
    expect(await api.client.post('/message', other)).toMatchObject({ status: 409 });
  });

  test('has no other body, and a payloadId that is one', async () => {
    const api = await startApi();
    const payloadId = await upload(api, BYTES);
    expect(await api.client.post('/message', messageJson({ payloadId, body: 'x' }))).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.payloadId', message: 'is given together with a body' }] },
    });
    for (const wrong of ['', payloadId.slice(7), payloadId.toUpperCase(), `${payloadId}0`, 7]) {
      const answer = await api.client.post('/message', messageJson({ payloadId: wrong }));
      expect(answer).toMatchObject({ status: 400, json: { problems: [{ path: '$.payloadId' }] } });
    }
  });

  test('has a result of its own within a batch, with its path', async () => {
    const api = await startApi();
    const payloadId = await upload(api, BYTES);
    const messages = [
      messageJson({ messageId: 'a', payloadId }),
      messageJson({ messageId: 'b', payloadId: `sha256-${'0'.repeat(64)}` }),
      messageJson({ messageId: 'c', payloadId }),
    ];
    expect(await api.client.post('/messages', { messages })).toMatchObject({
      status: 207,
      json: {
        results: [
          { messageId: 'a', result: 'accepted' },
          { messageId: 'b', result: 'invalid', problems: [{ path: '$.messages[1].payloadId' }] },
          { messageId: 'c', result: 'accepted' },
        ],
      },
    });
  });
});

describe('a message whose body is too large for a queue', () => {
  const large = Buffer.alloc(LIMITS.inlineBodyBytes + 1, 'x');
  const messageOf = (bytes: Uint8Array) =>
    messageJson({ body: Buffer.from(bytes).toString('base64'), bodyEncoding: 'base64' });

  test.each([
    ['largest that stands in its entry', LIMITS.inlineBodyBytes, false],
    ['smallest that does not', LIMITS.inlineBodyBytes + 1, true],
    ['largest of a request', 4_700_000, true],
  ])('has it apart, and nobody notices: the %s', async (_, size, isApart) => {
    const api = await startApi();
    const bytes = randomBytes(size);
    expect(await api.client.post('/message', messageOf(bytes))).toMatchObject({ status: 202 });
    expect(await api.client.post('/message', messageOf(bytes))).toMatchObject({ status: 200 });
    const entry = await takeOne(api);
    expect(entry.request.payload !== undefined).toBe(isApart);
    const { payload, body } = entry.request;
    const sent = payload === undefined ? Buffer.from(body) : await readAll(await api.payloads.open(payload));
    expect(sent.equals(bytes)).toBe(true);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(await api.client.post('/message', messageOf(bytes))).toMatchObject({ status: 409 });
  });

  test('is not stored when its body cannot be, and the others of its batch go on', async () => {
    const put = () => Promise.reject(new StoreUnavailableError('the disk is full'));
    const api = await startApi({ payloadFaults: { put } });
    expect(await api.client.post('/message', messageOf(large))).toMatchObject({ status: 503 });
    expect((await api.store.counts()).accepted).toBe(0);
    const messages = [messageOf(large), messageJson({ messageId: 'small' })];
    expect(await api.client.post('/messages', { messages })).toMatchObject({
      status: 207,
      json: { results: [{ result: 'unavailable' }, { result: 'accepted' }] },
    });
    expect(api.errors).toEqual([]);
  });

  test('has its body stored before its row: when the row cannot be written, the body is there for the repeat', async () => {
    let isDown = true;
    const api: Api = await startApi({
      faults: {
        accept: (messages) => (isDown ? Promise.reject(new StoreUnavailableError('no')) : api.store.accept(messages)),
      },
    });
    expect(await api.client.post('/message', messageOf(large))).toMatchObject({ status: 503 });
    expect(await api.payloads.hold(payloadJson(large))).toBeDefined();
    isDown = false;
    expect(await api.client.post('/message', messageOf(large))).toMatchObject({ status: 202 });
    expect((await bodyOf(api)).equals(large)).toBe(true);
  });
});
