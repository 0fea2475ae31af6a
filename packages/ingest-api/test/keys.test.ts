import { describe, expect, test } from '@jest/globals';
import { type ApiKey, type Grant, readKeyText, SCOPES, type Scope, StoreUnavailableError } from '@millrace/core';
import fc from 'fast-check';
import { createApp } from '../src/index.ts';
import { type Api, startApi } from './support/api.ts';

const ALL = { senders: 'all', scopes: SCOPES } as const;

interface KeyJson {
  readonly id: string;
  readonly key: string;
  readonly senders: readonly string[];
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly rate: { readonly perSecond: number; readonly burst: number } | null;
  readonly backlog: number | null;
}

/** An API with a key that may do anything, and its holder. */
async function startWithOps(fields: Partial<ApiKey> = ALL) {
  const api = await startApi();
  const { text, key } = await api.keys.make({ name: 'ops', ...fields });
  return { ...api, ops: api.client.withKey(text), opsKey: key, opsText: text };
}

describe('POST /keys', () => {
  test('makes a key that opens what was asked for, and shows it once', async () => {
    const { ops, client, keys } = await startWithOps();
    const answer = await ops.post('/keys', {
      name: 'the billing service',
      senders: ['billing', 'books', 'billing'],
      scopes: ['read'],
      expiresAt: '2026-11-23T00:00:00+01:00',
      rate: { perSecond: 5 },
      backlog: 10,
    });
    const made = answer.json as KeyJson;
    expect(answer).toMatchObject({
      status: 201,
      headers: { 'cache-control': 'no-store' },
      json: {
        name: 'the billing service',
        senders: ['billing', 'books'],
        scopes: ['read'],
        createdAt: '2026-11-22T10:00:00.000Z',
        expiresAt: '2026-11-22T23:00:00.000Z',
        revokedAt: null,
        rate: { perSecond: 5, burst: 100 },
        backlog: 10,
      },
    });
    expect((await client.withKey(made.key).get('/messages?senderId=books')).status).toBe(200);
    expect((await client.withKey(made.key).get('/messages?senderId=shop')).status).toBe(403);
    expect(keys.ring.find(made.id)?.hash).toBe(readKeyText(made.key)?.hash);
    const shown = [(await ops.get('/keys')).text, (await ops.request('DELETE', `/keys/${made.id}`)).text].join();
    expect(shown).toContain(made.id);
    expect(shown).not.toContain(made.key.slice(17));
    expect(shown).not.toContain(readKeyText(made.key)?.hash);
  });

  test('gives sending and reading, without end and limits, when nothing else is said', async () => {
    const { ops } = await startWithOps();
    expect((await ops.post('/keys', { name: 'n', senders: ['*'] })).json).toMatchObject({
      senders: ['*'],
      scopes: ['send', 'read'],
      expiresAt: null,
      rate: null,
      backlog: null,
    });
  });

  test('names every problem of what is asked for, each with its place', async () => {
    const { ops, keys } = await startWithOps();
    const answer = await ops.post('/keys', {
      name: ' ',
      senders: ['a b', ''],
      scopes: ['send', 'admin'],
      expiresAt: '2026-11-22T10:00:00Z',
      rate: { perSecond: 0, burst: 99 },
      backlog: 1.5,
      sender: 'x',
    });
    const { problems } = answer.json as { problems: { path: string }[] };
    expect(answer.status).toBe(400);
    expect(problems.map(({ path }) => path).sort()).toEqual(
      [
        ...['$.backlog', '$.expiresAt', '$.name', '$.rate.burst', '$.rate.perSecond', '$.scopes[1]', '$.sender'],
        ...['$.senders[0]', '$.senders[1]'],
      ].sort(),
    );
    expect(await keys.ring.list()).toHaveLength(1);
  });

  test.each([
    [{ senders: [] }, '$.senders'],
    [{ senders: ['*', 'a'] }, '$.senders'],
    [{ senders: 'all' }, '$.senders'],
    [{ scopes: [] }, '$.scopes'],
    [{ scopes: ['send', 'send'] }, '$.scopes'],
    [{ name: 'a\u0007b' }, '$.name'],
    [{ name: 'line\nbreak' }, '$.name'],
    [{ name: 'x'.repeat(101) }, '$.name'],
    [{ name: 7 }, '$.name'],
  ])('refuses %j', async (fields, path) => {
    const { ops } = await startWithOps();
    const answer = await ops.post('/keys', { name: 'n', senders: ['a'], ...fields });
    expect(answer).toMatchObject({ status: 400, json: { problems: [{ path }] } });
  });

  test('draws again when an id is taken', async () => {
    const api = await startApi();
    const first = new Uint8Array(40);
    const draws = [first, first, first.map(() => 1)];
    const desk = { ...api.keys.desk, randomBytes: () => draws.shift() ?? first };
    const app = createApp({ ...api, config: { allowHttp: false, corsOrigins: [] }, keys: desk });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'n', senders: ['a'] });
    const make = async () => (await (await app.request('/keys', { method: 'POST', headers, body })).json()) as KeyJson;
    const [one, two] = [await make(), await make()];
    expect(one.id).not.toBe(two.id);
    expect(await api.keys.ring.list()).toHaveLength(2);
  });

  test('makes nothing while the store cannot, and says so', async () => {
    const api = await startApi();
    const ring = {
      ...api.keys.ring,
      add: () => Promise.reject(new StoreUnavailableError('disk full')),
    };
    const app = createApp({ ...api, config: { allowHttp: false, corsOrigins: [] }, keys: { ...api.keys.desk, ring } });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'n', senders: ['a'] });
    expect((await app.request('/keys', { method: 'POST', headers, body })).status).toBe(503);
  });
});

describe('who may manage keys', () => {
  const attempts = (api: Api & { opsKey: ApiKey }, text: string) => {
    const client = api.client.withKey(text);
    return Promise.all([
      client.post('/keys', { name: 'n', senders: ['billing'] }),
      client.get('/keys'),
      client.request('DELETE', `/keys/${api.opsKey.id}`),
    ]);
  };

  test.each<[string, Partial<ApiKey>, string]>([
    ['without the scope operate', { ...ALL, scopes: ['send', 'read'] }, 'may not operate'],
    ['of some senders, whatever it may do', { senders: ['billing'], scopes: SCOPES }, 'may act for all senders'],
  ])('is no key %s', async (_what, fields, detail) => {
    const api = await startWithOps();
    const { text } = await api.keys.make(fields);
    for (const answer of await attempts(api, text)) {
      expect(answer).toMatchObject({ status: 403, json: { detail: expect.stringContaining(detail) } });
    }
    expect(await api.keys.ring.list()).toMatchObject([{ revokedAt: null }, { revokedAt: null }]);
  });

  test('a key gives no more than it has: neither scopes, nor longer, nor faster', async () => {
    const { client, keys, clock } = await startWithOps();
    const maker = await keys.make({
      ...{ senders: 'all', scopes: ['operate', 'read'], expiresAt: clock.now() + 60_000 },
      limits: { rate: { perSecond: 10, burst: 100 }, backlog: 50 },
    });
    const within = {
      ...{ name: 'n', senders: ['*'], scopes: ['read'], expiresAt: '2026-11-22T10:01:00Z' },
      ...{ rate: { perSecond: 10, burst: 100 }, backlog: 50 },
    };
    const ask = (fields: object) => client.withKey(maker.text).post('/keys', { ...within, ...fields });
    expect((await ask({})).status).toBe(201);
    const beyond: [object, string][] = [
      [{ scopes: ['send'] }, '$.scopes'],
      [{ expiresAt: '2026-11-22T10:01:00.001Z' }, '$.expiresAt'],
      [{ expiresAt: undefined }, '$.expiresAt'],
      [{ rate: { perSecond: 11, burst: 100 } }, '$.rate, $.backlog'],
      [{ rate: undefined }, '$.rate, $.backlog'],
      [{ backlog: 51 }, '$.rate, $.backlog'],
    ];
    for (const [fields, path] of beyond) {
      expect(await ask(fields)).toMatchObject({ status: 403, json: { type: 'forbidden', problems: [{ path }] } });
    }
  });

  test('however keys make keys, none ever gives more than the first', async () => {
    const { client, keys, clock } = await startApi();
    const scopes = fc.uniqueArray(fc.constantFrom<Scope>(...SCOPES), { minLength: 1 });
    const senders = fc.oneof(fc.constant(['*']), fc.uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1 }));
    const expiresAt = fc.option(fc.constantFrom(1_000, 2_000, 3_000), { nil: undefined });
    const wish = fc.record({ scopes, senders, expiresAt, maker: fc.nat() });
    const isMore = (json: KeyJson, { scopes: held, expiresAt: end }: Grant) =>
      json.scopes.some((scope) => !held.includes(scope)) ||
      (end !== null && (json.expiresAt === null || Date.parse(json.expiresAt) > end));
    const first = fc.record({ scopes, expiresAt: fc.option(fc.constantFrom(1_000, 2_000), { nil: null }) });
    await fc.assert(
      fc.asyncProperty(first, fc.array(wish, { maxLength: 6 }), async (grant, wishes) => {
        const end = grant.expiresAt === null ? null : clock.now() + grant.expiresAt;
        const root = await keys.make({ senders: 'all', scopes: grant.scopes, expiresAt: end });
        const texts = [root.text];
        for (const { maker, expiresAt: after, ...asked } of wishes) {
          const time = after === undefined ? {} : { expiresAt: new Date(clock.now() + after).toISOString() };
          const holder = client.withKey(texts[maker % texts.length] ?? root.text);
          const answer = await holder.post('/keys', { name: 'n', ...asked, ...time });
          await holder.close();
          if (answer.status !== 201) continue;
          const made = answer.json as KeyJson;
          expect(grant.scopes).toContain('operate');
          expect(isMore(made, root.key)).toBe(false);
          texts.push(made.key);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('GET /keys and DELETE /keys/{id}', () => {
  test('list keys as they were made, revoked ones too, and revoke for good', async () => {
    const { ops, opsKey, keys, clock } = await startWithOps();
    const { key } = await keys.make();
    clock.advance(5_000);
    const revoked = { id: key.id, revokedAt: '2026-11-22T10:00:05.000Z' };
    expect(await ops.request('DELETE', `/keys/${key.id}`)).toMatchObject({ status: 200, json: revoked });
    clock.advance(5_000);
    expect(await ops.request('DELETE', `/keys/${key.id}`)).toMatchObject({ status: 200, json: revoked });
    expect((await ops.get('/keys')).json).toMatchObject({ keys: [{ id: opsKey.id, revokedAt: null }, revoked] });
  });

  test('know no key of another id', async () => {
    const { ops } = await startWithOps();
    for (const id of ['nobody', '%2e%2e', "'"]) {
      expect(await ops.request('DELETE', `/keys/${id}`)).toMatchObject({ status: 404, json: { type: 'not-found' } });
    }
  });

  test('say which methods there are', async () => {
    const { ops } = await startWithOps();
    expect(await ops.request('PUT', '/keys')).toMatchObject({
      status: 405,
      headers: { allow: 'POST, GET, HEAD, OPTIONS' },
    });
    expect(await ops.request('GET', '/keys/x')).toMatchObject({ status: 405, headers: { allow: 'DELETE, OPTIONS' } });
  });
});
