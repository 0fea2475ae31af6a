import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import type { Caller } from '../src/index.ts';
import { type Api, startApi } from './support/api.ts';

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

type Secrets = readonly { readonly secret: string; readonly createdAt: string; readonly inForceUntil: string | null }[];

function secretsIn({ status, json }: Answer): Secrets {
  expect(status).toBe(200);
  return (json as { secrets: Secrets }).secrets;
}

const show = (api: Api, senderId = 'billing') => api.client.get(`/secrets/${encodeURIComponent(senderId)}`);
const rotate = (api: Api, body: unknown = {}, senderId = 'billing') =>
  api.client.post(`/secrets/${encodeURIComponent(senderId)}/rotate`, body);

const iso = (ms: number): string => new Date(ms).toISOString();
const DAY_MS = 86_400_000;

describe('GET /secrets/{senderId}', () => {
  test('shows the secret of a sender, made when there is none, and the same again', async () => {
    const api = await startApi();
    const answer = await show(api);
    expect(answer.json).toEqual({
      senderId: 'billing',
      secrets: [
        {
          secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
          createdAt: iso(START_TIME),
          inForceUntil: null,
        },
      ],
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    api.clock.advance(DAY_MS);
    expect((await show(api)).json).toEqual(answer.json);
    expect(secretsIn(await show(api, 'shop'))).not.toEqual(secretsIn(answer));
  });

  test('finds every sender that may be, percent-encoded once', async () => {
    const api = await startApi();
    const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const telling = fc.constantFrom('/', '%', '%2F', '%25', '?', '#', '+', '\\', '..');
    const id = fc
      .array(fc.oneof(character, telling), { minLength: 1, maxLength: 30 })
      .map((parts) => parts.join(''))
      // A path cannot say these: URLs take them for the folder itself and the one above, encoded or not.
      .filter((text) => text !== '.' && text !== '..');
    await fc.assert(
      fc.asyncProperty(id, async (senderId) => {
        expect((await show(api, senderId)).json).toMatchObject({ senderId, secrets: [{ inForceUntil: null }] });
        expect(api.secretStore.texts.has(`signing-${senderId}`)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test.each(['a b', 'ü', 'x'.repeat(129)])('refuses %j, which no sender is called', async (senderId) => {
    expect(await show(await startApi(), senderId)).toMatchObject({
      status: 400,
      json: { problems: [{ path: '{senderId}', expected: '1 to 128 printable ASCII characters without spaces' }] },
    });
  });
});

describe('POST /secrets/{senderId}/rotate', () => {
  test('answers with the new secret first, and until when the old one signs beside it: a day', async () => {
    const api = await startApi();
    const [old] = secretsIn(await show(api));
    api.clock.advance(5_000);
    const answer = await rotate(api);
    expect(secretsIn(answer)).toEqual([
      { secret: expect.any(String), createdAt: iso(START_TIME + 5_000), inForceUntil: null },
      { ...old, inForceUntil: iso(START_TIME + 5_000 + DAY_MS) },
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect((await show(api)).json).toEqual(answer.json);
    api.clock.advance(DAY_MS);
    expect(secretsIn(await show(api))).toEqual(secretsIn(answer).slice(0, 1));
  });

  test('needs no body', async () => {
    const api = await startApi();
    const answers = [
      await api.client.request('POST', '/secrets/billing/rotate'),
      await api.client.request('POST', '/secrets/billing/rotate', { body: '' }),
      await api.client.request('POST', '/secrets/billing/rotate', { body: [] }),
    ];
    expect(answers.map((answer) => secretsIn(answer).length)).toEqual([2, 3, 4]);
  });

  test.each([0, 3_600, 7 * 86_400])('takes an overlap of %d seconds', async (overlapSeconds) => {
    const api = await startApi();
    const [, old] = secretsIn(await rotate(api, { overlapSeconds }));
    expect(old?.inForceUntil).toBe(overlapSeconds === 0 ? undefined : iso(START_TIME + overlapSeconds * 1_000));
  });

  test.each([
    [{ overlapSeconds: -1 }, '$.overlapSeconds'],
    [{ overlapSeconds: 7 * 86_400 + 1 }, '$.overlapSeconds'],
    [{ overlapSeconds: '24h' }, '$.overlapSeconds'],
    [{ overlap: 1 }, '$.overlap'],
    ['[]', '$'],
    ['{', '$'],
  ])('refuses %j', async (body, path) => {
    const api = await startApi();
    expect(await rotate(api, body)).toMatchObject({ status: 400, json: { problems: [{ path }] } });
    expect(api.secretStore.calls).toEqual([]);
  });

  test('refuses a body that does not say what it is', async () => {
    const api = await startApi();
    const answer = await api.client.request('POST', '/secrets/billing/rotate', { body: '{"overlapSeconds":0}' });
    expect(answer).toMatchObject({ status: 415, json: { type: 'unsupported' } });
  });
});

describe('the secrets of a sender', () => {
  const asBilling = (scopes?: Caller['scopes']): Caller => ({
    name: 'the billing key',
    senders: ['billing'],
    ...(scopes && { scopes }),
  });

  test('are for those who may operate and act for it, and are not made for others', async () => {
    const api = await startApi({ callerOf: () => asBilling() });
    expect(secretsIn(await show(api))).toHaveLength(1);
    expect(secretsIn(await rotate(api))).toHaveLength(2);
    const forbidden = { status: 403, json: { type: 'forbidden', problems: [{ path: '{senderId}' }] } };
    expect(await show(api, 'shop')).toMatchObject(forbidden);
    expect(await rotate(api, {}, 'shop')).toMatchObject(forbidden);
    expect([...api.secretStore.texts.keys()]).toEqual(['signing-billing']);
  });

  test('are not for those who may only send and read', async () => {
    const api = await startApi({ callerOf: () => asBilling(['send', 'read']) });
    expect(await show(api)).toMatchObject({ status: 403, json: { type: 'forbidden' } });
    expect(await rotate(api)).toMatchObject({ status: 403, json: { type: 'forbidden' } });
    expect(api.secretStore.calls).toEqual([]);
  });

  test('that cannot be used are a conflict that names them, and shows nothing of them', async () => {
    const api = await startApi();
    api.secretStore.texts.set('signing-billing', '{"version":1,"secrets":[{"secret":"whsec_topsecret"}]}');
    for (const answer of [await show(api), await rotate(api)]) {
      expect(answer).toMatchObject({ status: 409, json: { type: 'conflict' } });
      expect(answer.text).toContain('the secret signing-billing cannot be used: $.secrets[0].secret is not whsec_');
      expect(answer.text).not.toContain('topsecret');
    }
    expect(api.errors).toEqual([]);
  });

  test('are unavailable while their store is', async () => {
    const api = await startApi();
    api.secretStore.failWith(new StoreUnavailableError('the disk is full'));
    const unavailable = { status: 503, json: { type: 'unavailable' } };
    expect(await show(api)).toMatchObject(unavailable);
    expect(await rotate(api)).toMatchObject(unavailable);
  });
});
