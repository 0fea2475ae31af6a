import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '@millrace/core';
import { type Api, startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const TEN_MB = 10 * 1_024 * 1_024;

function head(path: string, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ host: '127.0.0.1', ...JSON_TYPE, ...headers });
  return [`POST ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

/** The API still works, holds nothing but what is said, and saw nothing that it did not expect. */
async function expectUnharmed({ client, store, errors }: Api, accepted = 0): Promise<void> {
  expect((await store.counts()).accepted).toBe(accepted);
  expect((await client.post('/message', messageJson({ messageId: 'after' }))).status).toBe(202);
  expect(errors).toEqual([]);
}

describe('a body that is too large', () => {
  test.each(['/message', '/messages', '/replays'])('is refused with 413 at %s by its content-length', async (path) => {
    const api = await startApi();
    const answer = await api.client.request('POST', path, { headers: JSON_TYPE, body: Buffer.alloc(TEN_MB, 'x') });
    expect(answer).toMatchObject({ status: 413, json: { type: 'too-large' } });
    await expectUnharmed(api);
  });

  test('is refused with 413 without a content-length', async () => {
    const api = await startApi();
    const body = Array.from({ length: 160 }, () => Buffer.alloc(TEN_MB / 160, 'x'));
    const answer = await api.client.request('POST', '/message', { headers: JSON_TYPE, body });
    expect(answer).toMatchObject({ status: 413, json: { type: 'too-large' } });
    await expectUnharmed(api);
  });

  test.each(['keep-alive', 'close'])(
    'is refused in a way that a client can read which first writes everything (connection: %s)',
    async (connection) => {
      const api = await startApi();
      const body = Buffer.alloc(TEN_MB, 'x');
      const answer = await api.client.raw([head('/message', { connection, 'content-length': TEN_MB }), body]);
      expect(answer).toMatchObject({ status: 413, json: { type: 'too-large' } });
      await expectUnharmed(api);
    },
  );

  test.each([{}, { 'content-length': String(1e12) }])('is refused with 413 when it never ends: %j', async (length) => {
    const { app } = await startApi();
    const chunk = Buffer.alloc(1_024 * 1_024, 'x');
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const headers = { ...JSON_TYPE, ...length };
    const request = new Request('http://127.0.0.1/message', { method: 'POST', headers, body, duplex: 'half' });
    expect((await app.fetch(request)).status).toBe(413);
  });

  test('is one byte more than the limit', async () => {
    const api = await startApi();
    const around = JSON.stringify(messageJson({ body: '' })).length;
    const ofSize = (bytes: number) => JSON.stringify(messageJson({ body: 'x'.repeat(bytes - around) }));
    expect((await api.client.post('/message', ofSize(LIMITS.requestBytes + 1))).status).toBe(413);
    expect((await api.client.post('/message', ofSize(LIMITS.requestBytes))).status).toBe(202);
    const chunks = [Buffer.from(ofSize(LIMITS.requestBytes + 1))];
    const chunked = await api.client.request('POST', '/message', { headers: JSON_TYPE, body: chunks });
    expect(chunked.status).toBe(413);
  });
});

describe('a body of the wrong kind', () => {
  test.each([
    ['no type', {}],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', { 'content-type': 'text/plain' }],
    ['something like JSON', { 'content-type': 'application/jsonx' }],
    ['another charset', { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['compressed JSON', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['lines', { 'content-type': 'application/x-ndjson' }],
  ])('is refused with 415: %s', async (_, headers) => {
    const api = await startApi();
    const body = JSON.stringify(messageJson());
    for (const path of ['/message', '/messages/a/replay', '/replays']) {
      const answer = await api.client.request('POST', path, { headers, body });
      expect(answer).toMatchObject({ status: 415, json: { type: 'unsupported' } });
    }
    await expectUnharmed(api);
  });

  test('is not JSON with a charset of UTF-8, in any case', async () => {
    const api = await startApi();
    for (const type of ['Application/JSON', 'application/json; Charset="UTF-8"', 'application/json;charset=utf8']) {
      const options = {
        headers: { 'content-type': type },
        body: JSON.stringify(messageJson({ messageId: type.length })),
      };
      expect((await api.client.request('POST', '/message', options)).status).toBe(400);
    }
  });

  test.each([
    ['nothing', '', 'is empty'],
    ['white space', ' \r\n', 'is empty'],
    ['cut off JSON', '{"messageId":"a"', 'line 1, column 17'],
    ['a trailing comma', '{"a":1,\n}', 'line 2, column 1'],
    ['two values', '{} {}', 'line 1, column 4'],
    ['a bare word', 'undefined', 'line 1, column 1'],
  ])('is refused with 400, saying where it stops being JSON: %s', async (_, body, where) => {
    const api = await startApi();
    const answer = await api.client.post('/message', body);
    expect(answer).toMatchObject({ status: 400, json: { type: 'invalid', problems: [{ path: '$' }] } });
    expect(answer.text).toContain(where);
    await expectUnharmed(api);
  });

  test.each(['null', 'true', '7', '"text"', '[]', '[{}]'])(
    'is refused with 400 when it is no object: %s',
    async (body) => {
      const api = await startApi();
      for (const path of ['/message', '/messages', '/messages/a/replay', '/replays']) {
        expect(await api.client.post(path, body)).toMatchObject({ status: 400, json: { problems: [{ path: '$' }] } });
      }
    },
  );

  test('is refused with 400 when brackets go a million deep', async () => {
    const api = await startApi();
    const deep = '['.repeat(1e6) + ']'.repeat(1e6);
    expect((await api.client.post('/message', deep)).status).toBe(400);
    expect((await api.client.post('/message', `{"retry":${deep}}`)).status).toBe(400);
    await expectUnharmed(api);
  });

  test('is answered with a list of problems that ends, when there are a hundred thousand', async () => {
    const api = await startApi();
    const names = Array.from({ length: 100_000 }, (_, i) => [`field${i}`, 0]);
    const answer = await api.client.post('/message', messageJson(Object.fromEntries(names)));
    const { problems } = answer.json as { problems: { message: string }[] };
    expect(answer.status).toBe(400);
    expect(problems).toHaveLength(1_001);
    expect(problems.at(-1)?.message).toBe('has 99000 more problems');
  });
});

describe('invalid UTF-8', () => {
  const broken: readonly [string, readonly number[]][] = [
    ['a stray continuation byte', [0x80]],
    ['a cut off character', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that never occurs', [0xff]],
  ];
  test.each(broken)('is refused with 400: %s', async (_, bytes) => {
    const api = await startApi();
    const [before = '', after = ''] = JSON.stringify(messageJson({ body: '!' })).split('!');
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    expect(await api.client.request('POST', '/message', { headers: JSON_TYPE, body })).toMatchObject({
      status: 400,
      json: { type: 'invalid', problems: [{ path: '$', message: 'is not valid UTF-8' }] },
    });
    await expectUnharmed(api);
  });

  test('is refused too when escapes in JSON stand for half of a character', async () => {
    const api = await startApi();
    const body = JSON.stringify(messageJson({ body: '!' })).replace('!', '\\ud83d');
    expect(await api.client.post('/message', body)).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.body' }] },
    });
    await expectUnharmed(api);
  });
});

describe('a member that is given twice', () => {
  const text = JSON.stringify(messageJson({ headers: { a: '1' } }));
  test.each([
    ['on top', text.replace('{', '{"senderId":"shop",'), '$.senderId'],
    ['within', text.replace('"a":"1"', '"a":"1","a":"1"'), '$.headers.a'],
    ['in another spelling', text.replace('"a":"1"', '"a":"1","\\u0061":"2"'), '$.headers.a'],
    ['as __proto__', text.replace('"a":"1"', '"__proto__":"1","__proto__":"2"'), '$.headers.__proto__'],
  ])('is refused with 400 and its path: %s', async (_, body, path) => {
    const api = await startApi();
    expect(await api.client.post('/message', body)).toMatchObject({
      status: 400,
      json: { type: 'invalid', problems: [{ path, message: 'is given more than once' }] },
    });
    await expectUnharmed(api);
  });

  test('is found deep in a batch', async () => {
    const api = await startApi();
    const body = `{"messages":[${text},${text.replace('"a":"1"', '"a":"1","a":"1"')}]}`;
    expect(await api.client.post('/messages', body)).toMatchObject({
      status: 400,
      json: { problems: [{ path: '$.messages[1].headers.a' }] },
    });
  });
});

describe('header injection', () => {
  test.each([
    ['a line break in a value', 'x-a', 'b\r\nx-evil: 1'],
    ['a line feed in a value', 'x-a', 'b\nx-evil: 1'],
    ['a carriage return in a value', 'x-a', 'b\rx-evil: 1'],
    ['a null in a value', 'x-a', 'b\u0000'],
    ['a line separator that could be cut to a line feed', 'x-a', 'b\u010ax-evil: 1'],
    ['a line break in a name', 'x-a\r\nx-evil', '1'],
    ['a colon in a name', 'x-evil: 1\r\nx-a', '1'],
    ['a space in a name', 'transfer-encoding ', 'chunked'],
    ['an empty name', '', '1'],
    ['another host', 'Host', 'evil.example'],
    ['another length', 'CONTENT-length', '0'],
    ['another framing', 'Transfer-Encoding', 'chunked'],
    ['a forged signature', 'Webhook-Signature', 'v1,x'],
  ])('is refused with 400 and its path: %s', async (_, name, value) => {
    const api = await startApi();
    const answer = await api.client.post('/message', messageJson({ headers: { [name]: value } }));
    expect(answer.status).toBe(400);
    const { problems } = answer.json as { problems: { path: string }[] };
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toMatch(/^[$][.]headers[.[]/);
    await expectUnharmed(api);
  });

  test('does not reach the head of an answer', async () => {
    const { client } = await startApi();
    const answer = await client.get('/messages/a%0d%0ax-evil:%201?senderId=a');
    expect(answer.status).toBe(404);
    expect(answer.headers['x-evil']).toBeUndefined();
  });

  test('cannot reach the prototype of anything: __proto__ is a header like others', async () => {
    const api = await startApi();
    const body = JSON.stringify(messageJson({ headers: { 'x-a': '1' } })).replace('x-a', '__proto__');
    expect((await api.client.post('/message', body)).status).toBe(202);
    expect((await api.store.take(1)).entries[0]?.request.headers).toEqual([['__proto__', '1']]);
    expect(await api.client.post('/message', '{"__proto__":{"messageId":"a"}}')).toMatchObject({
      status: 400,
      json: { problems: expect.arrayContaining([expect.objectContaining({ path: '$.__proto__' })]) },
    });
  });
});

describe('a client that does not finish', () => {
  test('leaves nothing behind when its body is cut off', async () => {
    const api = await startApi();
    const text = JSON.stringify(messageJson());
    for (const headers of [{ 'content-length': text.length + 10 }, { 'transfer-encoding': 'chunked' }]) {
      const part = 'content-length' in headers ? text : `${text.length.toString(16)}\r\n${text}\r\n`;
      await cutOff(api.url, head('/message', headers) + part);
    }
    await expectUnharmed(api);
  });

  test('holds nobody else up', async () => {
    const api = await startApi();
    const { port } = new URL(api.url);
    const slow = Array.from({ length: 50 }, () => connect(Number(port), '127.0.0.1'));
    for (const [index, socket] of slow.entries()) {
      const path = index % 2 === 0 ? '/message' : '/messages';
      socket.on('error', () => {});
      socket.write(`${head(path, { 'content-length': 1_000 })}{"messageId":`);
    }
    await Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await expectUnharmed(api);
    for (const socket of slow) socket.destroy();
  });
});

/** Writes, ends its side, and waits until the server has given up on it. */
function cutOff(url: string, bytes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(bytes));
    socket.resume();
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}
