import { describe, expect, test } from '@jest/globals';
import { type Backlog, type KeyLimits, StoreUnavailableError } from '@millrace/core';
import { aStoredKey, createManualClock } from '@millrace/core/testing';
import fc from 'fast-check';
import { createKeyQuotas } from '../src/key-quota.ts';
import { startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

const NONE: KeyLimits = { rate: null, backlog: null };

const limited = (retryAfter: string, detail: string) => ({
  status: 429,
  headers: { 'retry-after': retryAfter },
  json: { type: 'rate-limited', status: 429, detail: expect.stringContaining(detail) },
});

const batch = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => messageJson({ messageId: `${prefix}-${index}` }));

describe('the rate of a key', () => {
  const RATE = { limits: { ...NONE, rate: { perSecond: 10, burst: 100 } } };

  test('counts messages, not requests, and refuses a request whole', async () => {
    const { client, keys, store, clock } = await startApi();
    const holder = client.withKey((await keys.make(RATE)).text);
    expect((await holder.post('/messages', { messages: batch(95, 'a') })).status).toBe(202);
    const refused = await holder.postLines('/messages', batch(10, 'b'));
    expect(refused).toMatchObject(limited('1', '10 messages a second, 100 at once'));
    expect((await store.counts()).accepted).toBe(95);
    for (let index = 0; index < 5; index++) {
      expect((await holder.post('/message', messageJson({ messageId: `c-${index}` }))).status).toBe(202);
    }
    expect(await holder.post('/message', messageJson())).toMatchObject(limited('1', 'the billing service'));
    clock.advance(100);
    expect((await holder.post('/message', messageJson())).status).toBe(202);
    clock.advance(1_000);
    expect(await holder.post('/messages', { messages: batch(100, 'd') })).toMatchObject(limited('9', 'a second'));
    clock.advance(9_000);
    expect((await holder.post('/messages', { messages: batch(100, 'd') })).status).toBe(202);
  });

  test('is used up by what is invalid and by repeats too: they make work', async () => {
    const { client, keys } = await startApi();
    const holder = client.withKey((await keys.make(RATE)).text);
    expect((await holder.post('/messages', { messages: Array(100).fill({}) })).status).toBe(207);
    expect((await holder.post('/message', messageJson())).status).toBe(429);
  });

  test('that is used up refuses a request before it is read', async () => {
    const { client, keys } = await startApi();
    const { text } = await keys.make(RATE);
    await client.withKey(text).post('/messages', { messages: batch(100, 'a') });
    const head = `POST /message HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${text}\r\n`;
    const answer = await client.raw([`${head}content-type: application/json\r\ncontent-length: 5000000\r\n\r\n{`]);
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
  });

  test('is its own: another key of the same sender is not held up, reading is not, and nobody without limits', async () => {
    const { client, keys } = await startApi();
    const [slow, free] = [await keys.make(RATE), await keys.make()];
    await client.withKey(slow.text).post('/messages', { messages: batch(100, 'a') });
    expect((await client.withKey(slow.text).get('/messages')).status).toBe(200);
    expect((await client.withKey(free.text).post('/messages', { messages: batch(100, 'b') })).status).toBe(202);
    expect((await client.withKey(free.text).post('/messages', { messages: batch(100, 'c') })).status).toBe(202);
  });

  test('is that of the server for keys that have none of their own', async () => {
    const { client, keys } = await startApi({ keyLimits: { rate: { perSecond: 1, burst: 100 } } });
    const [usual, own] = [
      await keys.make(),
      await keys.make({ limits: { ...NONE, rate: { perSecond: 1, burst: 200 } } }),
    ];
    for (const { text } of [usual, own]) {
      expect((await client.withKey(text).post('/messages', { messages: batch(100, text) })).status).toBe(202);
    }
    expect((await client.withKey(usual.text).post('/message', messageJson())).status).toBe(429);
    expect((await client.withKey(own.text).post('/message', messageJson())).status).toBe(202);
  });
});

describe('the backlog of a key', () => {
  const MOST_10 = { limits: { ...NONE, backlog: 10 } };

  test('is what waits of its senders, whoever sent it: beyond, a request is refused whole until some are delivered', async () => {
    const { client, keys, store } = await startApi();
    const [holder, other] = [await keys.make({ ...MOST_10, senders: ['billing', 'books'] }), await keys.make()];
    expect((await client.withKey(other.text).post('/messages', { messages: batch(8, 'a') })).status).toBe(202);
    const messages = batch(3, 'b').map((message) => ({ ...message, senderId: 'books' }));
    const refused = await client.withKey(holder.text).post('/messages', { messages });
    expect(refused).toMatchObject(limited('5', '8 messages of the senders of the key the billing service wait, of 10'));
    expect((await store.counts()).accepted).toBe(8);

    const { entries } = await store.take(1);
    const claims = entries.map((entry) => ({ entry, token: 't', leaseMs: 60_000 }));
    await store.claim(claims);
    await store.settle(claims.map((claim) => ({ ...claim, result: { kind: 'success' }, error: null })));
    expect((await client.withKey(holder.text).post('/messages', { messages })).status).toBe(202);
    expect((await client.withKey(holder.text).post('/message', messageJson())).status).toBe(429);
  });

  test('of a key for all senders is everything that waits', async () => {
    const { client, keys } = await startApi({ keyLimits: { backlog: 2 } });
    const holder = client.withKey((await keys.make({ senders: 'all' })).text);
    expect((await holder.post('/message', messageJson({ senderId: 'a' }))).status).toBe(202);
    expect((await holder.post('/message', messageJson({ senderId: 'b' }))).status).toBe(202);
    expect((await holder.post('/message', messageJson({ senderId: 'c' }))).status).toBe(429);
  });

  test('is never exceeded by requests that come at once, and as many are let in as have room', async () => {
    const { client, keys, store } = await startApi();
    const holder = client.withKey((await keys.make(MOST_10)).text);
    const posts = Array.from({ length: 30 }, (_, index) =>
      holder.post('/messages', { messages: batch(3, `${index}`) }),
    );
    const statuses = (await Promise.all(posts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(3);
    expect(statuses.filter((status) => status === 429)).toHaveLength(27);
    expect((await store.counts()).waiting).toBe(9);
  });

  /** A store whose messages end when a test says so; each answer comes when it is asked for. */
  function scriptedBacklog() {
    const answers: (() => void)[] = [];
    const state = { waiting: 0, readings: 0 };
    const backlog: Backlog = {
      waiting: () => {
        state.readings += 1;
        const { waiting } = state;
        return new Promise((resolve) => void answers.push(() => resolve(waiting)));
      },
    };
    return { backlog, state, answer: () => answers.shift()?.() };
  }

  test('never has more than its limit, in whatever order readings and accepts of several keys end', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send'), key: fc.nat(1), messages: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constantFrom('answer', 'store', 'deliver'), key: fc.nat(9), messages: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), async (steps, most) => {
        const { backlog, state, answer } = scriptedBacklog();
        const quotas = createKeyQuotas({
          backlog,
          clock: createManualClock(),
          defaults: { rate: null, backlog: most },
        });
        const keys = [quotas.of(aStoredKey()), quotas.of(aStoredKey())];
        const admitted: { readonly messages: number; readonly end: () => void }[] = [];
        for (const { do: what, key, messages } of steps) {
          if (what === 'answer') answer();
          if (what === 'deliver') state.waiting = Math.max(0, state.waiting - 1);
          if (what === 'send') {
            keys[key]?.admit(messages).then(
              (end) => void admitted.push({ messages, end }),
              () => undefined,
            );
          }
          if (what === 'store') {
            const [stored] = admitted.splice(key % Math.max(1, admitted.length), 1);
            state.waiting += stored?.messages ?? 0;
            stored?.end();
          }
          await new Promise((resolve) => setImmediate(resolve));
          const underWay = admitted.reduce((sum, { messages: count }) => sum + count, 0);
          expect(state.waiting + underWay).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is asked for only when what was brought since might fill it', async () => {
    const state = { readings: 0 };
    const backlog = { waiting: () => Promise.resolve(state.readings++ && 0) };
    const quotas = createKeyQuotas({ backlog, clock: createManualClock(), defaults: { rate: null, backlog: 1_000 } });
    const quota = quotas.of(aStoredKey());
    for (let index = 0; index < 10; index++) (await quota.admit(100))();
    expect(state.readings).toBe(1);
    (await quota.admit(1))();
    expect(state.readings).toBe(2);
  });

  test('that cannot be asked for lets nothing in, and takes nothing from the rate', async () => {
    const backlog = { waiting: () => Promise.reject(new StoreUnavailableError('disk full')) };
    const limits = { rate: { perSecond: 1, burst: 100 }, backlog: 5 };
    const quota = createKeyQuotas({ backlog, clock: createManualClock(), defaults: limits }).of(aStoredKey());
    for (let index = 0; index < 3; index++) await expect(quota.admit(100)).rejects.toThrow(StoreUnavailableError);
  });
});
