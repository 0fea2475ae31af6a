import { describe, expect, test } from '@jest/globals';
import { type AcceptResult, UnsupportedQueryError } from '@millrace/core';
import { startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

/** What a store that is spread over several services may answer, and one of SQLite never does. */
const answering = (...results: readonly AcceptResult['kind'][]) =>
  startApi({
    faults: {
      accept: () =>
        Promise.resolve(results.map((kind) => (kind === 'duplicate' ? { kind, status: 'QUEUED' } : { kind }))),
    },
  });

describe('a message that the store is not certain of', () => {
  test('is answered with 503 and a time to retry when it comes alone', async () => {
    const { client, errors } = await answering('unavailable');
    expect(await client.post('/message', messageJson())).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { type: 'unavailable' },
    });
    expect(errors).toEqual([]);
  });

  test('has a result of its own in a batch whose others are stored', async () => {
    const { client } = await answering('accepted', 'unavailable', 'duplicate');
    const messages = ['a', 'b', 'c'].map((messageId) => messageJson({ messageId }));
    expect(await client.post('/messages', { messages })).toMatchObject({
      status: 207,
      json: {
        results: [
          { messageId: 'a', result: 'accepted' },
          { messageId: 'b', result: 'unavailable' },
          { messageId: 'c', result: 'duplicate' },
        ],
      },
    });
  });

  test('makes a batch unavailable when none of its messages is stored', async () => {
    const { client } = await answering('conflict', 'unavailable');
    const messages = ['a', 'b'].map((messageId) => messageJson({ messageId }));
    expect(await client.post('/messages', { messages })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { type: 'unavailable', results: [{ result: 'conflict' }, { result: 'unavailable' }] },
    });
  });
});

describe('a question that the store cannot answer', () => {
  const unable = (field: string) => () => Promise.reject(new UnsupportedQueryError(field, 'something else'));
  const problem = (path: string, message: string) => ({
    status: 400,
    json: { type: 'invalid', problems: [{ path, message, expected: 'something else' }] },
  });
  const OTHER = 'is nothing that this store can look for';

  test('is refused with the path of the parameter, whether it is wrong or missing', async () => {
    const { client, errors } = await startApi({ faults: { list: unable('status'), get: unable('senderId') } });
    expect(await client.get('/messages')).toMatchObject(problem('?status', 'is missing'));
    expect(await client.get('/messages?status=QUEUED')).toMatchObject(problem('?status', OTHER));
    expect(await client.get('/messages/a')).toMatchObject(problem('?senderId', 'is missing'));
    expect(errors).toEqual([]);
  });

  test('is refused with the path of the field in a body', async () => {
    const { client } = await startApi({ faults: { replay: unable('timestamp'), replayMany: unable('target') } });
    expect(await client.post('/messages/a/replay', { senderId: 'b' })).toMatchObject(
      problem('$.timestamp', 'is missing'),
    );
    expect(await client.post('/replays', { target: 'https://a.example' })).toMatchObject(problem('$.target', OTHER));
  });
});
