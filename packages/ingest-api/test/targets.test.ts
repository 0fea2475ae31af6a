import { describe, expect, test } from '@jest/globals';
import { type Hold, StoreUnavailableError, type TargetKey, type TargetState } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import type { Caller } from '../src/index.ts';
import { type Api, startApi } from './support/api.ts';

const ORIGIN: TargetKey = { senderId: 'billing', target: 'https://partner.example' };
const HOOK: TargetKey = { senderId: 'billing', target: 'https://partner.example/hooks' };
const ROOT: TargetKey = { senderId: 'billing', target: 'https://partner.example/' };
const SINCE = '2026-11-22T10:00:00.000Z';

const GONE: Hold = { kind: 'gone', since: START_TIME, why: 'HTTP 410' };
const held = (hold: Hold): TargetState => ({ circuit: null, hold });
const later = (ms: number): Hold => ({
  kind: 'retry-after',
  since: START_TIME,
  until: START_TIME + ms,
  why: 'HTTP 429',
});
const OPEN: TargetState = {
  hold: null,
  circuit: {
    ...{ state: 'open', since: START_TIME, until: START_TIME + 30_000, openMs: 30_000 },
    ...{ requests: 12, failures: 8, why: 'HTTP 503' },
  },
};

async function put({ store }: Api, key: TargetKey, state: TargetState): Promise<void> {
  const [known] = await store.circuits.read([key]);
  await store.circuits.write([{ key, state, seen: known?.version ?? null }]);
}

const stateOf = async ({ store }: Api, key: TargetKey) => (await store.circuits.read([key]))[0]?.state;
const targetsOf = (json: unknown) => (json as { targets: { senderId: string; target: string }[] }).targets;

describe('GET /targets', () => {
  test('shows circuits and holds, since when, until when and why', async () => {
    const api = await startApi();
    await put(api, ORIGIN, { ...OPEN, hold: later(60_000) });
    await put(api, HOOK, held(GONE));
    expect((await api.client.get('/targets')).json).toEqual({
      cursor: null,
      targets: [
        {
          ...ORIGIN,
          circuit: {
            ...{ state: 'open', since: SINCE, until: '2026-11-22T10:00:30.000Z' },
            ...{ requests: 12, failures: 8, why: 'HTTP 503' },
          },
          hold: { kind: 'retry-after', since: SINCE, until: '2026-11-22T10:01:00.000Z', why: 'HTTP 429' },
        },
        { ...HOOK, circuit: null, hold: { kind: 'gone', since: SINCE, until: null, why: 'HTTP 410' } },
      ],
    });
  });

  test('shows what was counted, and no hold that is over', async () => {
    const api = await startApi();
    const bucket = START_TIME / 30_000;
    const counts = [
      { bucket: bucket - 1, requests: 5, failures: 1 },
      { bucket, requests: 2, failures: 1 },
    ];
    await put(api, ORIGIN, { circuit: { state: 'closed', since: START_TIME, counts }, hold: later(0) });
    expect(targetsOf((await api.client.get('/targets')).json)).toEqual([
      {
        ...ORIGIN,
        circuit: { state: 'closed', since: SINCE, until: null, requests: 7, failures: 2, why: null },
        hold: null,
      },
    ]);
  });

  test('goes by pages, of one sender when it is named', async () => {
    const api = await startApi();
    const senders = ['billing', 'billing', 'shop'];
    for (const [index, senderId] of senders.entries()) {
      await put(api, { senderId, target: `https://host-${index}.example` }, held(GONE));
    }
    const first = await api.client.get('/targets?limit=2');
    const { cursor } = first.json as { cursor: string };
    const second = await api.client.get(`/targets?limit=2&cursor=${cursor}`);
    const all = [...targetsOf(first.json), ...targetsOf(second.json)];
    expect(all.map(({ target }) => target).sort()).toEqual([0, 1, 2].map((index) => `https://host-${index}.example`));
    expect(targetsOf((await api.client.get('/targets?senderId=shop')).json)).toMatchObject([{ senderId: 'shop' }]);
  });

  test('refuses what is wrong with a query, each parameter by name', async () => {
    const { client } = await startApi();
    const answer = await client.get('/targets?limit=0&sender=a&senderId=%20');
    const { problems } = answer.json as { problems: { path: string }[] };
    expect(problems.map(({ path }) => path).sort()).toEqual(['?limit', '?sender', '?senderId']);
    expect(await client.get('/targets?cursor=%21')).toMatchObject({
      status: 400,
      json: { problems: [{ path: '?cursor' }] },
    });
  });
});

describe('POST /targets/hold', () => {
  test.each([
    ['https://partner.example', ORIGIN],
    ['https://PARTNER.example:443/', ORIGIN],
    ['https://partner.example/hooks#part', HOOK],
  ])('holds %s by hand', async (target, key) => {
    const told: TargetKey[] = [];
    const api = await startApi({ onTarget: (one) => told.push(one) });
    const answer = await api.client.post('/targets/hold', { senderId: 'billing', target });
    const hold = { kind: 'manual', since: SINCE, until: null, why: 'by an operator' };
    expect(answer).toMatchObject({ status: 200, json: { ...key, circuit: null, hold } });
    expect(await stateOf(api, key)).toEqual(held({ kind: 'manual', since: START_TIME, why: 'by an operator' }));
    expect(told).toEqual([key]);
  });

  test('leaves what is held by hand as it is, and the circuit beside it', async () => {
    const told: TargetKey[] = [];
    const api = await startApi({ onTarget: (one) => told.push(one) });
    await put(api, ORIGIN, OPEN);
    await api.client.post('/targets/hold', ORIGIN);
    api.clock.advance(5);
    expect(await api.client.post('/targets/hold', ORIGIN)).toMatchObject({
      status: 200,
      json: { circuit: { state: 'open' }, hold: { since: SINCE } },
    });
    expect(told).toHaveLength(1);
  });

  test('takes plain-http targets too, and refuses what is no target, with every problem', async () => {
    const { client } = await startApi();
    expect((await client.post('/targets/hold', { senderId: 'billing', target: 'http://a.example' })).status).toBe(200);
    expect(await client.post('/targets/hold', { target: 'partner', until: 1 })).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.senderId' }, { path: '$.target' }, { path: '$.until' }] },
    });
  });

  test('does not stand over a change that came between', async () => {
    const api = await startApi();
    const { circuits } = api.store;
    let isFirst = true;
    const racing = await startApi({
      circuits: {
        ...circuits,
        async write(writes) {
          if (isFirst) {
            isFirst = false;
            await put(api, ORIGIN, OPEN);
          }
          return await circuits.write(writes);
        },
      },
    });
    expect(await racing.client.post('/targets/hold', ORIGIN)).toMatchObject({ status: 200 });
    expect(await stateOf(api, ORIGIN)).toMatchObject({ circuit: { state: 'open' }, hold: { kind: 'manual' } });
  });
});

describe('POST /targets/release', () => {
  test.each<[string, Hold]>([
    ['what is gone', GONE],
    ['what an operator holds', { kind: 'manual', since: START_TIME, why: 'by an operator' }],
    ['what waits for Retry-After', later(60_000)],
  ])('ends %s', async (_what, hold) => {
    const told: TargetKey[] = [];
    const api = await startApi({ onTarget: (one) => told.push(one) });
    await put(api, HOOK, held(hold));
    const answer = await api.client.post('/targets/release', HOOK);
    expect(answer).toMatchObject({ status: 200, json: { ...HOOK, circuit: null, hold: null } });
    expect((await stateOf(api, HOOK))?.hold ?? null).toBeNull();
    expect(told).toEqual([HOOK]);
  });

  test('lets an open circuit be probed at once', async () => {
    const api = await startApi();
    await put(api, ORIGIN, OPEN);
    api.clock.advance(5_000);
    const answer = await api.client.post('/targets/release', ORIGIN);
    expect(answer).toMatchObject({
      status: 200,
      json: { circuit: { state: 'open', until: '2026-11-22T10:00:05.000Z' } },
    });
  });

  test('of an origin is of its root URL as well: they look alike', async () => {
    const api = await startApi();
    await put(api, ROOT, held(GONE));
    await put(api, HOOK, held(GONE));
    expect(await api.client.post('/targets/release', ROOT)).toMatchObject({ status: 200, json: { ...ORIGIN } });
    expect((await stateOf(api, ROOT))?.hold ?? null).toBeNull();
    expect(await stateOf(api, HOOK)).toEqual(held(GONE));
  });

  test('answers 404 where there is nothing to release, as for another sender', async () => {
    const api = await startApi();
    await put(api, HOOK, held(GONE));
    for (const key of [{ ...HOOK, senderId: 'shop' }, { ...HOOK, target: `${HOOK.target}?a` }, ORIGIN]) {
      expect(await api.client.post('/targets/release', key)).toMatchObject({ status: 404 });
    }
    expect(await stateOf(api, HOOK)).toEqual(held(GONE));
  });
});

describe('a caller of one sender', () => {
  const BILLING: Caller = { name: 'the billing role', senders: ['billing'] };
  const shops = { senderId: 'shop', target: HOOK.target };

  test('sees, holds and releases its own targets only', async () => {
    const api = await startApi({ callerOf: () => BILLING });
    await put(api, HOOK, held(GONE));
    await put(api, shops, held(GONE));
    expect(targetsOf((await api.client.get('/targets')).json)).toMatchObject([HOOK]);
    const forbidden = { status: 403, json: { type: 'forbidden' } };
    expect(await api.client.get('/targets?senderId=shop')).toMatchObject(forbidden);
    expect(await api.client.post('/targets/hold', shops)).toMatchObject(forbidden);
    expect(await api.client.post('/targets/release', shops)).toMatchObject(forbidden);
    expect(await stateOf(api, shops)).toEqual(held(GONE));
    expect(await api.client.post('/targets/release', HOOK)).toMatchObject({ status: 200 });
  });
});

test('a store that cannot do it now answers 503 to all of them', async () => {
  const refuse = () => Promise.reject(new StoreUnavailableError('closing'));
  const { client } = await startApi({ circuits: { read: refuse, write: refuse, list: refuse } });
  for (const answer of [
    await client.get('/targets'),
    await client.post('/targets/hold', ORIGIN),
    await client.post('/targets/release', ORIGIN),
  ]) {
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  }
});
