import { describe, expect, test } from '@jest/globals';
import { SCOPES } from '@millrace/core';
import type { Caller } from '../src/index.ts';
import { type Api, startApi } from './support/api.ts';
import { fail } from './support/dead-letters.ts';
import { messageJson } from './support/messages.ts';

const BILLING: Caller = { name: 'the billing role', senders: ['billing'] };
const TWO: Caller = { name: 'the office role', senders: ['billing', 'books'] };
const ALL: Caller = { name: 'the operator role', senders: 'all' };

/** The API, and who calls it from now on; whoever fills it first is the one that may do anything. */
async function startAs(caller: Caller, options: Parameters<typeof startApi>[0] = {}) {
  let current = ALL;
  const api = await startApi({ ...options, callerOf: () => Promise.resolve(current) });
  const as = (other: Caller): Api => {
    current = other;
    return api;
  };
  return { as, fill: (...messages: readonly object[]) => fail(as(ALL), ...messages).then(() => as(caller)) };
}

const shops = messageJson({ senderId: 'shop' });
const forbidden = { status: 403, json: { type: 'forbidden' } };

const idsOf = (json: unknown) =>
  (json as { messages: { messageId: string; senderId: string }[] }).messages.map(
    ({ messageId, senderId }) => `${senderId}/${messageId}`,
  );

describe('a message of a sender that the caller may not act for', () => {
  test('is refused with 403 that names both, and is not stored', async () => {
    const { fill } = await startAs(BILLING);
    const { client, store } = await fill();
    const answer = await client.post('/message', shops);
    expect(answer).toMatchObject({
      ...forbidden,
      json: { ...forbidden.json, problems: [{ path: '$.senderId', expected: 'one of billing' }] },
    });
    expect(answer.text).toContain('shop');
    expect((await store.counts()).accepted).toBe(0);
  });

  test('is refused with 403 alike whether it was accepted before, expired since, or never came', async () => {
    const { as, fill } = await startAs(BILLING);
    const expiring = { ...shops, expiresAt: '2026-11-22T10:00:01Z' };
    const api = await fill(expiring);
    api.clock.advance(2_000);
    const repeat = await as(BILLING).client.post('/message', expiring);
    const unknown = await api.client.post('/message', { ...expiring, messageId: 'never' });
    expect(repeat).toMatchObject(forbidden);
    expect(unknown).toMatchObject({ status: 403, text: repeat.text });
  });

  test.each(['JSON', 'NDJSON'])('is an invalid item of a batch in %s, whose other items go on', async (kind) => {
    const { fill } = await startAs(TWO);
    const { client, store } = await fill();
    const books = messageJson({ senderId: 'books' });
    const items = [messageJson(), shops, books, { ...shops, messageId: 7 }];
    const answer =
      kind === 'JSON'
        ? await client.post('/messages', { messages: items })
        : await client.postLines('/messages', items);
    const path = kind === 'JSON' ? '$.messages[1].senderId' : '$.senderId';
    expect(answer).toMatchObject({
      status: 207,
      json: {
        results: [
          { result: 'accepted' },
          { result: 'invalid', messageId: 'order-42', problems: [{ path, expected: 'one of billing, books' }] },
          { result: 'accepted' },
          { result: 'invalid', messageId: null },
        ],
      },
    });
    expect((await store.counts()).accepted).toBe(2);
  });

  test('does not become one that is not stored when the store cannot', async () => {
    const { fill } = await startAs(BILLING, {
      faults: { accept: async (all) => all.map(() => ({ kind: 'unavailable' })) },
    });
    const { client } = await fill();
    const answer = await client.post('/messages', { messages: [messageJson(), shops] });
    expect(answer).toMatchObject({
      status: 503,
      json: { results: [{ result: 'unavailable' }, { result: 'invalid' }] },
    });
  });
});

test('a caller sends for each of its senders', async () => {
  const { fill } = await startAs(TWO);
  const { client } = await fill();
  expect((await client.post('/message', messageJson())).status).toBe(202);
  expect((await client.post('/message', messageJson({ senderId: 'books' }))).status).toBe(202);
});

describe('a caller of one sender', () => {
  test('sees its own messages only, by id and in lists, and need not name the sender', async () => {
    const { fill } = await startAs(BILLING);
    const { client } = await fill(messageJson(), shops, messageJson({ messageId: 'other', senderId: 'shop' }));
    for (const query of ['', 'senderId=billing']) {
      expect(idsOf((await client.get(`/messages/order-42?${query}`)).json)).toEqual(['billing/order-42']);
      expect(idsOf((await client.get(`/messages?${query}`)).json)).toEqual(['billing/order-42']);
    }
    expect(await client.get('/messages/other')).toMatchObject({ status: 404, json: { type: 'not-found' } });
  });

  test('gets the same 404 for a message of another as for one that is not there', async () => {
    const { fill } = await startAs(BILLING);
    const { client } = await fill(messageJson({ messageId: 'other', senderId: 'shop' }));
    const [theirs, nobodys] = [await client.get('/messages/other'), await client.get('/messages/nothing')];
    expect(theirs).toMatchObject({ status: 404, text: nobodys.text });
    const named = { senderId: 'billing' };
    expect((await client.post('/messages/other/replay', named)).text).toBe(
      (await client.post('/messages/nothing/replay', named)).text,
    );
  });

  test('is refused with 403 when it names another, whatever it asks', async () => {
    const { fill } = await startAs(BILLING);
    const api = await fill(shops);
    const { client, store } = api;
    const inQuery = { ...forbidden, json: { type: 'forbidden', problems: [{ path: '?senderId' }] } };
    const inBody = { ...forbidden, json: { type: 'forbidden', problems: [{ path: '$.senderId' }] } };
    expect(await client.get('/messages/order-42?senderId=shop')).toMatchObject(inQuery);
    expect(await client.get('/messages?senderId=shop')).toMatchObject(inQuery);
    expect(await client.post('/messages/order-42/replay', { senderId: 'shop' })).toMatchObject(inBody);
    expect(await client.post('/replays', { senderId: 'shop' })).toMatchObject(inBody);
    expect((await store.take(10)).entries).toEqual([]);
  });

  test('replays and counts its own messages only', async () => {
    const { fill } = await startAs(BILLING);
    const { client, store } = await fill(messageJson(), shops);
    expect(await client.post('/replays', { dryRun: true })).toMatchObject({ json: { replayed: 0, remaining: 1 } });
    expect(await client.post('/replays', {})).toMatchObject({ status: 202, json: { replayed: 1, remaining: 0 } });
    expect((await store.take(10)).entries.map(({ identity }) => identity.senderId)).toEqual(['billing']);
  });

  test('goes through the pages of its own messages with a cursor of its own', async () => {
    const { fill } = await startAs(BILLING);
    const { client } = await fill(messageJson({ messageId: 'a' }), shops, messageJson({ messageId: 'b' }));
    const first = (await client.get('/messages?limit=1')).json as { cursor: string };
    const second = (await client.get(`/messages?limit=1&cursor=${encodeURIComponent(first.cursor)}`)).json;
    expect([...idsOf(first), ...idsOf(second)].sort()).toEqual(['billing/a', 'billing/b']);
  });
});

describe('a caller of several senders', () => {
  test('must name one of them to look or to replay, and is told which it has', async () => {
    const { fill } = await startAs(TWO);
    const { client, store } = await fill(messageJson(), messageJson({ senderId: 'books' }));
    const missing = (path: string) => ({
      status: 400,
      json: { type: 'invalid', problems: [{ path, message: 'is missing', expected: 'one of billing, books' }] },
    });
    expect(await client.get('/messages/order-42')).toMatchObject(missing('?senderId'));
    expect(await client.get('/messages')).toMatchObject(missing('?senderId'));
    expect(await client.post('/replays', { reason: 'rejected' })).toMatchObject(missing('$.senderId'));
    expect((await store.take(10)).entries).toEqual([]);
  });

  test('gets what it names', async () => {
    const { fill } = await startAs(TWO);
    const { client } = await fill(messageJson(), messageJson({ senderId: 'books' }), shops);
    expect(idsOf((await client.get('/messages?senderId=books')).json)).toEqual(['books/order-42']);
    expect(idsOf((await client.get('/messages/order-42?senderId=books')).json)).toEqual(['books/order-42']);
    expect(await client.post('/replays', { senderId: 'books' })).toMatchObject({ json: { replayed: 1 } });
    expect(await client.get('/messages?senderId=shop')).toMatchObject(forbidden);
  });
});

describe('a caller of all senders', () => {
  test('sees and replays everything, and the accounting', async () => {
    const { fill } = await startAs(ALL);
    const { client } = await fill(messageJson(), shops);
    expect(idsOf((await client.get('/messages/order-42')).json)).toHaveLength(2);
    expect(idsOf((await client.get('/messages')).json)).toHaveLength(2);
    expect(await client.get('/stats')).toMatchObject({ status: 200, json: { accepted: 2 } });
    expect(await client.post('/replays', {})).toMatchObject({ json: { replayed: 2 } });
  });
});

test.each([BILLING, TWO, { name: 'the idle role', senders: [] }])(
  'the accounting over all senders is not for $name',
  async (caller) => {
    const { fill } = await startAs(caller);
    const { client } = await fill();
    expect(await client.get('/stats')).toMatchObject(forbidden);
  },
);

test('a caller of no sender at all may do nothing', async () => {
  const { fill } = await startAs({ name: 'the idle role', senders: [] });
  const { client } = await fill(messageJson());
  expect(await client.post('/message', messageJson())).toMatchObject(forbidden);
  expect(await client.get('/messages')).toMatchObject(forbidden);
  expect(await client.get('/messages/order-42?senderId=billing')).toMatchObject(forbidden);
  expect(await client.post('/replays', {})).toMatchObject(forbidden);
  expect(await client.post('/messages/order-42/replay', { senderId: 'billing' })).toMatchObject(forbidden);
});

describe('when it cannot be found out who calls', () => {
  const refusing = () => startApi({ callerOf: () => Promise.reject(new Error('no such table')) });

  test('nothing is let through, and the client learns nothing of the inside', async () => {
    const { client, store, errors } = await refusing();
    const answers = [
      await client.post('/message', messageJson()),
      await client.post('/messages', { messages: [messageJson()] }),
      await client.get('/messages'),
      await client.get('/messages/order-42'),
      await client.post('/messages/order-42/replay', { senderId: 'billing' }),
      await client.post('/replays', {}),
      await client.get('/stats'),
      await client.get('/targets'),
      await client.post('/targets/hold', { senderId: 'billing', target: 'https://partner.example' }),
      await client.post('/targets/release', { senderId: 'billing', target: 'https://partner.example' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(500));
    expect(answers.map(({ text }) => text).join()).not.toContain('table');
    expect(errors).toHaveLength(10);
    expect((await store.counts()).accepted).toBe(0);
  });

  test('what touches no message is answered all the same', async () => {
    const { client } = await refusing();
    for (const path of ['/health', '/health/ready', '/openapi.json']) {
      expect((await client.get(path)).status).toBe(200);
    }
    expect((await client.request('OPTIONS', '/message')).status).toBe(204);
    expect((await client.get('/nowhere')).status).toBe(404);
  });
});

describe('a caller with some scopes', () => {
  const PARTNER = { senderId: 'billing', target: 'https://partner.example' };
  const CALLS = [
    { scope: 'send', call: ({ client }: Api) => client.post('/message', messageJson({ messageId: 'order-43' })) },
    { scope: 'send', call: ({ client }: Api) => client.post('/messages', { messages: [messageJson()] }) },
    { scope: 'read', call: ({ client }: Api) => client.get('/messages') },
    { scope: 'read', call: ({ client }: Api) => client.get('/messages/order-42') },
    { scope: 'read', call: ({ client }: Api) => client.get('/stats') },
    { scope: 'operate', call: ({ client }: Api) => client.post('/messages/order-42/replay', { senderId: 'billing' }) },
    { scope: 'operate', call: ({ client }: Api) => client.post('/replays', {}) },
    { scope: 'read', call: ({ client }: Api) => client.get('/targets') },
    { scope: 'operate', call: ({ client }: Api) => client.post('/targets/hold', PARTNER) },
    {
      scope: 'operate',
      async call({ client, store }: Api) {
        const hold = { kind: 'manual', since: 0, why: 'by an operator' } as const;
        await store.circuits.write([{ key: PARTNER, state: { circuit: null, hold }, seen: null }]);
        return await client.post('/targets/release', PARTNER);
      },
    },
  ];

  test.each(SCOPES)('may do what %s means, and is told by 403 what else it has not', async (held) => {
    for (const { scope, call } of CALLS) {
      const { fill } = await startAs({ ...ALL, scopes: [held] });
      const answer = await call(await fill(messageJson()));
      if (scope === held) expect(answer.status).toBeLessThan(300);
      else
        expect(answer).toMatchObject({ ...forbidden, json: { detail: expect.stringContaining(`may not ${scope}`) } });
    }
  });
});
