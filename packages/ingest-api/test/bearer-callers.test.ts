import { describe, expect, test } from '@jest/globals';
import { KEY_BYTES, keyText, readKeyText, SCOPES } from '@millrace/core';
import { aStoredKey } from '@millrace/core/testing';
import { openKeyRing } from '../src/index.ts';
import { startApi } from './support/api.ts';
import { fail } from './support/dead-letters.ts';
import { messageJson } from './support/messages.ts';

const ALL = { senders: 'all', scopes: SCOPES } as const;
const CHALLENGE = 'Bearer realm="millrace"';
const INVALID = `${CHALLENGE}, error="invalid_token"`;

const refusal = (challenge: string, detail: string) => ({
  status: 401,
  headers: { 'www-authenticate': challenge },
  json: { type: 'forbidden', status: 401, detail: expect.stringContaining(detail) },
});

describe('an API without keys', () => {
  test.each(['127.0.0.1', 'localhost', '[::1]', '127.9.9.9:8080'])(
    'lets whoever calls it %s do anything',
    async (host) => {
      const { client } = await startApi();
      const headers = { host, 'content-type': 'application/json' };
      const body = JSON.stringify(messageJson());
      expect((await client.request('POST', '/message', { headers, body })).status).toBe(202);
      expect((await client.request('GET', '/stats', { headers })).status).toBe(200);
      expect((await client.request('GET', '/keys', { headers })).status).toBe(200);
    },
  );

  test.each(['evil.example', '127.0.0.1.evil.example', '10.0.0.1', '[::2]'])(
    'lets nobody do anything who calls it %s: a page whose name leads here, or a proxy',
    async (host) => {
      const { client, store } = await startApi();
      const headers = { host, 'content-type': 'application/json' };
      const body = JSON.stringify(messageJson());
      expect(await client.request('POST', '/message', { headers, body })).toMatchObject({
        status: 403,
        json: { type: 'forbidden', detail: expect.stringContaining('without keys this server answers to 127.0.0.1') },
      });
      expect((await store.counts()).accepted).toBe(0);
      expect((await client.request('GET', '/health', { headers })).status).toBe(200);
    },
  );

  test('lets nobody in at an address that others can reach', async () => {
    const { client } = await startApi({ isLocal: false });
    expect(await client.get('/stats')).toMatchObject(refusal(CHALLENGE, 'a key is needed'));
    expect(await client.post('/keys', { name: 'me', senders: ['*'] })).toMatchObject(refusal(CHALLENGE, 'a key'));
  });

  test('asks everybody for one as soon as the first is made', async () => {
    const { client } = await startApi();
    expect((await client.get('/stats')).status).toBe(200);
    const made = await client.post('/keys', { name: 'ops', senders: ['*'], scopes: SCOPES });
    expect(made.status).toBe(201);
    expect(await client.get('/stats')).toMatchObject(refusal(CHALLENGE, 'a key is needed'));
    const { key } = made.json as { key: string };
    expect((await client.withKey(key).get('/stats')).status).toBe(200);
  });

  test('asks for none for what touches nothing, before and after', async () => {
    const { client, keys } = await startApi();
    await keys.make(ALL);
    for (const path of ['/health', '/health/ready', '/openapi.json']) expect((await client.get(path)).status).toBe(200);
    expect((await client.request('OPTIONS', '/message')).status).toBe(204);
  });
});

describe('a request that shows no good key', () => {
  test('is refused with 401 and what to do about it, for each call', async () => {
    const { client, keys, store } = await startApi();
    await keys.make(ALL);
    const answers = [
      await client.post('/message', messageJson()),
      await client.postLines('/messages', [messageJson()]),
      await client.get('/messages'),
      await client.get('/messages/order-42'),
      await client.post('/messages/order-42/replay', { senderId: 'billing' }),
      await client.post('/replays', {}),
      await client.get('/stats'),
      await client.post('/keys', { name: 'me', senders: ['*'] }),
      await client.get('/keys'),
      await client.request('DELETE', '/keys/any'),
    ];
    for (const answer of answers) expect(answer).toMatchObject(refusal(CHALLENGE, 'a key is needed'));
    expect((await store.counts()).accepted).toBe(0);
    expect(await keys.ring.list()).toHaveLength(1);
  });

  test('is told what is wrong with the one that it shows, and nothing of others', async () => {
    const { client, keys, clock, errors } = await startApi();
    const [good, expiring, revoked] = [
      await keys.make(ALL),
      await keys.make({ ...ALL, expiresAt: clock.now() + 1_000, name: 'brief' }),
      await keys.make({ ...ALL, name: 'lost' }),
    ];
    const other = await startApi();
    const unknown = (await other.keys.make(ALL)).text;
    await keys.ring.revoke(revoked.key.id, clock.now());
    expect((await client.withKey(expiring.text).get('/stats')).status).toBe(200);
    clock.advance(1_000);

    // The id of a key that is there, with the secret of another: it learns nothing of that key.
    const cases: [string, string][] = [
      [unknown, 'it is not a key of this server'],
      [expiring.text, `key ${expiring.key.id} (brief) has expired`],
      [revoked.text, `key ${revoked.key.id} (lost) was revoked`],
      [good.text.slice(0, -1), 'the key is not whole'],
      [good.text.slice(1), 'the key is not whole'],
      [good.text.toUpperCase(), 'the key is not whole'],
      [`mlr_${revoked.key.id}_${good.text.slice(17)}`, 'the key is not whole'],
      ['swordfish', 'the key is not whole'],
    ];
    for (const [text, detail] of cases) {
      const answer = await client.withKey(text).get('/stats');
      expect(answer).toMatchObject(refusal(INVALID, detail));
      expect(answer.text).not.toContain(text.slice(17, 40) || text);
    }
    expect(errors).toEqual([]);
    expect((await client.withKey(good.text).get('/stats')).status).toBe(200);
  });

  test('is told the same when the id of its key is one that is there, and the secret another', async () => {
    const { client, keys } = await startApi();
    const textOf = (secret: number) => keyText(new Uint8Array(KEY_BYTES).fill(secret, 0, 32));
    const [kept, forged] = [textOf(1), textOf(2)];
    await keys.ring.add({ ...aStoredKey({ ...ALL, name: 'secret name' }), ...readKeyText(kept) });
    expect(forged.slice(0, 17)).toBe(kept.slice(0, 17));
    expect((await client.withKey(kept).get('/stats')).status).toBe(200);
    const answer = await client.withKey(forged).get('/stats');
    expect(answer).toMatchObject(refusal(INVALID, 'it is not a key of this server'));
    expect(answer.text).not.toContain('secret name');
  });

  test('is one whose key stands in another scheme, or nowhere', async () => {
    const { client, keys } = await startApi();
    const { text } = await keys.make(ALL);
    const ask = (authorization: string) => client.request('GET', '/stats', { headers: { authorization } });
    for (const header of [`Basic ${text}`, text, 'Bearer', `Bearer ${text} ${text}`, '']) {
      expect((await ask(header)).status).toBe(401);
    }
    for (const header of [`Bearer ${text}`, `bearer ${text}`, `BEARER   ${text}  `]) {
      expect((await ask(header)).status).toBe(200);
    }
  });
});

describe('a key', () => {
  test('is refused from the next request on when it is revoked, on a connection that is open too', async () => {
    const { client, keys } = await startApi();
    const [ops, lost] = [await keys.make(ALL), await keys.make({ senders: ['billing'] })];
    const holder = client.withKey(lost.text);
    expect((await holder.post('/message', messageJson())).status).toBe(202);
    expect((await client.withKey(ops.text).request('DELETE', `/keys/${lost.key.id}`)).status).toBe(200);
    expect(await holder.post('/message', messageJson({ messageId: 'next' }))).toMatchObject(
      refusal(INVALID, 'was revoked'),
    );
  });

  test('that was the last and is revoked leaves the API closed, not open', async () => {
    const { client, keys, store } = await startApi();
    const ops = await keys.make(ALL);
    await client.withKey(ops.text).request('DELETE', `/keys/${ops.key.id}`);
    expect((await client.get('/stats')).status).toBe(401);
    expect((await client.withKey(ops.text).get('/stats')).status).toBe(401);
    expect((await openKeyRing(store.keys)).isEmpty()).toBe(false);
  });

  test('of some senders sends for them, is refused with 403 for another, and finds no message of another', async () => {
    const { client, keys, store } = await startApi();
    await fail({ client, store }, messageJson({ senderId: 'shop', messageId: 'theirs' }));
    const holder = client.withKey((await keys.make({ senders: ['billing'], scopes: SCOPES })).text);
    expect((await holder.post('/message', messageJson())).status).toBe(202);
    expect(await holder.post('/message', messageJson({ senderId: 'shop' }))).toMatchObject({
      status: 403,
      json: { type: 'forbidden', problems: [{ path: '$.senderId', expected: 'one of billing' }] },
    });
    expect(await holder.get('/messages/theirs')).toMatchObject({ status: 404, json: { type: 'not-found' } });
    expect((await holder.get('/messages/theirs?senderId=shop')).status).toBe(403);
    expect((await holder.post('/messages/theirs/replay', { senderId: 'billing' })).status).toBe(404);
  });

  test('with some scopes is told by 403 which it lacks', async () => {
    const { client, keys } = await startApi();
    const { text, key } = await keys.make({ ...ALL, scopes: ['send'], name: 'the shop' });
    expect(await client.withKey(text).get('/messages')).toMatchObject({
      status: 403,
      json: { detail: `key ${key.id} (the shop) may not read: it has the scopes send` },
    });
  });

  test('is known after a restart, whether it is good or revoked', async () => {
    const { keys, store } = await startApi();
    const [good, lost] = [await keys.make(ALL), await keys.make()];
    await keys.ring.revoke(lost.key.id, 7);
    const ring = await openKeyRing(store.keys);
    expect(ring.find(good.key.id)).toEqual(good.key);
    expect(ring.find(lost.key.id)).toEqual({ ...lost.key, revokedAt: 7 });
  });
});
