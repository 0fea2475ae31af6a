import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  canonicalUrl,
  type HeaderList,
  headerNameFault,
  headerValueFault,
  LIMITS,
  METHODS,
  type Method,
  webhookId,
} from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import fc from 'fast-check';
import { type HttpServer, type Received, startHttpServer } from './support/http-server.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { closeAfterEach } from './support/resources.ts';
import { aSigning } from './support/signing.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

async function setUp(): Promise<{
  server: HttpServer;
  deliver: (request: { path?: string; method?: Method; headers?: HeaderList; body?: Uint8Array }) => Promise<Received>;
}> {
  const server = opened(await startHttpServer());
  const target = opened(makeTarget());
  return {
    server,
    async deliver({ path = '/hooks', ...request }) {
      const before = server.received.length;
      const entry = anEntry({ targetUrl: `${server.url}${path}`, ...request });
      const outcome = await target.send(entry, LONG_MS);
      expect(outcome).toMatchObject({ kind: 'response', statusCode: 200 });
      expect(server.received).toHaveLength(before + 1);
      return server.received[before] as Received;
    },
  };
}

function pairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) list.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return list;
}

/** What the target adds may stand anywhere among the client's headers, which keep their order. */
const ADDED = new Set(['host', 'connection', 'content-length', 'webhook-id', 'webhook-timestamp', 'webhook-signature']);
const OWN_USER_AGENT = 'Millrace/test';

function fromClient(received: Received): [string, string][] {
  return pairs(received.rawHeaders).filter(
    ([name, value]) => !ADDED.has(name) && !(name === 'user-agent' && value === OWN_USER_AGENT),
  );
}

function addedTo(received: Received): Record<string, string> {
  const added = pairs(received.rawHeaders).filter(
    ([name, value]) => ADDED.has(name) || (name === 'user-agent' && value === OWN_USER_AGENT),
  );
  // A name that were added twice would show as an array.
  const grouped = Object.groupBy(added, ([name]) => name);
  return Object.fromEntries(
    Object.entries(grouped).map(([name, list = []]) => [name, list.map(([, value]) => value).join(' | ')]),
  );
}

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const nameArbitrary = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 40 }),
    fc.constantFrom(
      ...['Content-Type', 'ACCEPT', 'User-Agent', 'USER-AGENT', 'set-cookie', 'Cookie', 'Authorization', 'Date'],
      ...['__proto__', 'constructor', 'Content-Encoding', 'Accept-Encoding', 'Content-MD5', 'From', 'X-A', 'x-a'],
    ),
  )
  .filter((name) => headerNameFault(name) === undefined);
const valueArbitrary = fc
  .string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code < 0x20 ? 0x09 : code)) })
  .filter((value) => headerValueFault(value) === undefined);
const headersArbitrary = fc.array(fc.tuple(nameArbitrary, valueArbitrary), { maxLength: 20 });
const bodyArbitrary = fc.uint8Array({ maxLength: 2_000 });
const methodArbitrary = fc.constantFrom(...METHODS);

const hasUserAgent = (headers: HeaderList): boolean => headers.some(([name]) => /^user-agent$/i.test(name));
/** GET and DELETE have no meaning for a body, so only one that is there is announced. */
const announcesLength = (method: Method, body: Uint8Array): boolean =>
  body.length > 0 || (method !== 'GET' && method !== 'DELETE');

describe('a request', () => {
  test(
    'brings any body and any allowed headers exactly as given, and adds only what it must',
    async () => {
      const { server, deliver } = await setUp();
      await fc.assert(
        fc.asyncProperty(methodArbitrary, headersArbitrary, bodyArbitrary, async (method, headers, body) => {
          const received = await deliver({ method, headers, body });
          expect(received.method).toBe(method);
          expect(received.body.equals(body)).toBe(true);
          expect(fromClient(received)).toEqual(headers);
          expect(addedTo(received)).toEqual({
            host: server.url.slice('http://'.length),
            connection: 'keep-alive',
            'webhook-id': expect.stringMatching(/^msg_[a-z2-7]{32}$/),
            'webhook-timestamp': String(aSigning().timestamp),
            'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
            ...(hasUserAgent(headers) ? {} : { 'user-agent': OWN_USER_AGENT }),
            ...(announcesLength(method, body) ? { 'content-length': String(body.length) } : {}),
          });
        }),
        { numRuns: 200 },
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test('keeps the case, the order and the repetition of header names, and the bytes of their values', async () => {
    const { deliver } = await setUp();
    const headers: HeaderList = [
      ['X-Trace', 'b'],
      ['x-TRACE', 'a'],
      ['X-Trace', 'b'],
      ['X-Empty', ''],
      ['X-Inner', 'a \t  b'],
      ['X-Latin-1', 'Zürich £ \u0080\u00a0\u00ff.'],
      ['Content-Type', 'text/plain; charset="utf-8"'],
      ['__proto__', 'x'],
    ];
    expect(fromClient(await deliver({ headers }))).toEqual(headers);
  });

  test('can carry as many headers, and as many bytes of them, as a message may have', async () => {
    const { deliver } = await setUp();
    const headers: HeaderList = Array.from({ length: LIMITS.headerCount }, (_, index) => {
      const name = `X-Header-${index}`;
      return [name, 'v'.repeat(Math.floor(LIMITS.headerBytes / LIMITS.headerCount) - name.length)];
    });
    expect(fromClient(await deliver({ headers }))).toEqual(headers);
  });

  test.each(METHODS)('%s may have a body, or none', async (method) => {
    const { deliver } = await setUp();
    const withBody = await deliver({ method, body: Buffer.from([0, 255, 13, 10]) });
    expect(withBody).toMatchObject({ method, body: Buffer.from([0, 255, 13, 10]) });
    const without = await deliver({ method, body: new Uint8Array() });
    expect(without).toMatchObject({ method, body: Buffer.alloc(0) });
  });

  test('brings only the part of a buffer that the body is a view of', async () => {
    const { deliver } = await setUp();
    const packed = new Uint8Array([1, 2, 3, 4, 5, 6]);
    expect((await deliver({ body: packed.subarray(2, 4) })).body).toEqual(Buffer.from([3, 4]));
    expect((await deliver({ body: packed.subarray(3, 3) })).body).toEqual(Buffer.alloc(0));
  });

  test('brings a body of several megabytes whole', async () => {
    const { deliver } = await setUp();
    const body = randomBytes(6 * 1_024 * 1_024);
    expect((await deliver({ body })).body.equals(body)).toBe(true);
  });
});

describe('the path of a request', () => {
  test.each([
    ['', '/'],
    ['/', '/'],
    ['/?', '/?'],
    ['?', '/?'],
    ['/hooks?', '/hooks?'],
    ['/hooks?a=1&a=2&b', '/hooks?a=1&a=2&b'],
    ['/a%2Fb/%e2%82%ac/%', '/a%2Fb/%e2%82%ac/%'],
    ['/a%20b+c?q=%20+%2B', '/a%20b+c?q=%20+%2B'],
    ['/%2e%2e%2fetc//x///', '/%2e%2e%2fetc//x///'],
    ['//other.example/x', '//other.example/x'],
    ['/?http://other.example/', '/?http://other.example/'],
    ["/:@!$&'()*+,;=|[]~?:@/?!$()*+,;=|[]^`{}~\\", "/:@!$&'()*+,;=|[]~?:@/?!$()*+,;=|[]^`{}~\\"],
    ['/hooks#fragment', '/hooks'],
  ])('of the target %j is %j', async (suffix, path) => {
    const { server, deliver } = await setUp();
    const canonical = canonicalUrl(`${server.url}${suffix}`);
    expect((await deliver({ path: canonical.slice(server.url.length) })).path).toBe(path);
  });

  test(
    'is that of the canonical URL, byte for byte, whatever the URL',
    async () => {
      const { server, deliver } = await setUp();
      const suffixArbitrary = fc.tuple(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.option(fc.string({ unit: 'binary', maxLength: 60 }), { nil: undefined }),
      );
      await fc.assert(
        fc.asyncProperty(suffixArbitrary, async ([path, query]) => {
          const canonical = canonicalUrl(`${server.url}/${path}${query === undefined ? '' : `?${query}`}`);
          const sent = canonical.slice(server.url.length);
          expect((await deliver({ path: sent })).path).toBe(sent);
        }),
        { numRuns: 200 },
      );
    },
    PROPERTY_LIMIT_MS,
  );
});

describe('the headers of Millrace', () => {
  test('name the message: the same webhook-id for every attempt, another for another message', async () => {
    const server = opened(await startHttpServer());
    const target = opened(makeTarget());
    const first = anEntry({ targetUrl: `${server.url}/` });
    const repeated = { ...first, round: 4 };
    const other = anEntry({ targetUrl: `${server.url}/`, messageId: 'order-43' });
    for (const entry of [first, repeated, other]) await target.send(entry, LONG_MS);
    const ids = server.received.map((received) => addedTo(received)['webhook-id']);
    expect(ids).toEqual([webhookId(first.identity), webhookId(first.identity), webhookId(other.identity)]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test.each(['user-agent', 'User-Agent', 'USER-AGENT'])('leave the client its own %s', async (name) => {
    const { deliver } = await setUp();
    const received = await deliver({ headers: [[name, 'shop/7']] });
    const agents = pairs(received.rawHeaders).filter(([given]) => given.toLowerCase() === 'user-agent');
    expect(agents).toEqual([[name, 'shop/7']]);
  });
});

describe('connections', () => {
  test('are kept and used again: ten requests need one', async () => {
    const server = opened(await startHttpServer());
    const target = opened(makeTarget({ connections: 1 }));
    const entry = anEntry({ targetUrl: `${server.url}/` });
    await Promise.all(Array.from({ length: 10 }, () => target.send(entry, LONG_MS)));
    expect(server.received).toHaveLength(10);
    expect(server.connections()).toBe(1);
  });
});
