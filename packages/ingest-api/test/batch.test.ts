import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

interface Result {
  readonly index: number;
  readonly messageId: string | null;
  readonly result: string;
  readonly status?: string;
  readonly problems?: readonly { readonly path: string; readonly message: string }[];
}

function resultsOf(answer: { readonly json: unknown }): readonly Result[] {
  return (answer.json as { results: readonly Result[] }).results;
}

const messages = (count: number) => Array.from({ length: count }, (_, i) => messageJson({ messageId: `order-${i}` }));

const unavailable = () => Promise.reject(new StoreUnavailableError('the disk is full'));

/** Both ways to send several messages mean the same; only the paths of problems differ. */
describe.each(['JSON', 'NDJSON'] as const)('POST /messages with %s', (kind) => {
  const send = async (items: readonly unknown[], options = {}) => {
    const api = await startApi(options);
    const post = (list: readonly unknown[]) =>
      kind === 'JSON' ? api.client.post('/messages', { messages: list }) : api.client.postLines('/messages', list);
    return { ...api, post, answer: await post(items) };
  };

  test('answers 202 when all are accepted, with a result for each in order', async () => {
    const { answer, store } = await send(messages(100));
    expect(answer.status).toBe(202);
    expect(resultsOf(answer)).toEqual(
      messages(100).map(({ messageId }, index) => ({ index, messageId, result: 'accepted', status: 'QUEUED' })),
    );
    expect((await store.counts()).accepted).toBe(100);
  });

  test('answers 202 when all are accepted or duplicates; repeats within the request are resolved in order', async () => {
    const { post, store } = await send(messages(1));
    const second = messageJson({ messageId: 'second' });
    const answer = await post([...messages(1), second, second]);
    expect(answer.status).toBe(202);
    expect(resultsOf(answer).map(({ result }) => result)).toEqual(['duplicate', 'accepted', 'duplicate']);
    expect((await store.counts()).accepted).toBe(2);
  });

  test('answers 207 when some are not stored, with the reason of each', async () => {
    const { answer } = await send([
      messageJson(),
      messageJson({ body: 'other' }),
      messageJson({ messageId: 'bad', timestamp: 'now' }),
      7,
      messageJson({ messageId: 'last' }),
    ]);
    const root = (index: number) => (kind === 'JSON' ? `$.messages[${index}]` : '$');
    expect(answer.status).toBe(207);
    expect(resultsOf(answer)).toMatchObject([
      { index: 0, messageId: 'order-42', result: 'accepted' },
      { index: 1, messageId: 'order-42', result: 'conflict' },
      { index: 2, messageId: 'bad', result: 'invalid', problems: [{ path: `${root(2)}.timestamp` }] },
      { index: 3, messageId: null, result: 'invalid', problems: [{ path: root(3) }] },
      { index: 4, messageId: 'last', result: 'accepted' },
    ]);
  });

  test('answers 207 when all are invalid', async () => {
    const { answer } = await send([{}, { messageId: 'x'.repeat(129) }]);
    expect(answer.status).toBe(207);
    expect(resultsOf(answer)).toMatchObject([{ messageId: null }, { messageId: null }]);
  });

  test('finds fifty good messages between fifty bad ones', async () => {
    const items = messages(100).map((item, index) => (index % 2 === 0 ? item : { ...item, typo: true }));
    const { answer, store } = await send(items);
    expect(answer.status).toBe(207);
    expect(resultsOf(answer).map(({ result }) => result)).toEqual(
      items.map((_, index) => (index % 2 === 0 ? 'accepted' : 'invalid')),
    );
    expect((await store.counts()).accepted).toBe(50);
  });

  test('answers 503, with the results, when nothing could be stored', async () => {
    const { answer } = await send([...messages(1), {}], { faults: { accept: unavailable } });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, json: { type: 'unavailable' } });
    expect(resultsOf(answer).map(({ result }) => result)).toEqual(['unavailable', 'invalid']);
  });

  test('takes a repeat of an expired message among others', async () => {
    const expiring = messageJson({ messageId: 'short', expiresAt: '2026-11-22T10:00:01Z' });
    const { post, clock } = await send([expiring]);
    clock.advance(2_000);
    const answer = await post([{ ...expiring, messageId: 'new' }, expiring, messageJson()]);
    expect(resultsOf(answer).map(({ result }) => result)).toEqual(['invalid', 'duplicate', 'accepted']);
  });

  test.each([0, 101])('refuses %d messages with 400, and stores none', async (count) => {
    const { answer, store } = await send(messages(count));
    expect(answer).toMatchObject({ status: 400, json: { type: 'invalid' } });
    expect((await store.counts()).accepted).toBe(0);
  });
});

describe('POST /messages', () => {
  test('refuses an envelope that is not one, naming every problem', async () => {
    const { client } = await startApi();
    expect(await client.post('/messages', { message: [], messages: {} })).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.messages', message: 'is an object' }, { path: '$.message' }] },
    });
  });

  test.each(['application/x-ndjson', 'application/ndjson', 'application/jsonl; charset=utf-8'])(
    'takes lines as %s',
    async (type) => {
      const { client } = await startApi();
      const options = { headers: { 'content-type': type }, body: `${JSON.stringify(messageJson())}\r\n` };
      expect((await client.request('POST', '/messages', options)).status).toBe(202);
    },
  );

  test('skips blank lines, and lets the good lines go on when others are not JSON', async () => {
    const { client } = await startApi();
    const good = messageJson();
    const lines = ['', good, ' \t\r', '{"messageId":', '{"a":1,"a":2}', { ...good, messageId: 'last' }, ''];
    const answer = await client.postLines('/messages', lines);
    expect(answer.status).toBe(207);
    expect(resultsOf(answer)).toMatchObject([
      { index: 0, result: 'accepted' },
      { index: 1, messageId: null, result: 'invalid' },
      { index: 2, messageId: null, result: 'invalid', problems: [{ path: '$.a' }] },
      { index: 3, messageId: 'last', result: 'accepted' },
    ]);
    expect(resultsOf(answer)[1]?.problems?.[0]?.message).toContain('line 4');
  });
});
