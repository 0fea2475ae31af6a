import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type HttpEvent, isHttpEvent, toRequest, toResult, userArnOf } from '../src/lambda-event.ts';
import { BILLING_SESSION, eventOf, type FrontDoor, type Sent, signedEventOf } from './support/events.ts';

const FRONT_DOORS: readonly FrontDoor[] = ['function URL', 'HTTP API'];

async function readRequest(event: HttpEvent) {
  const request = toRequest(event);
  if (request === undefined) return undefined;
  const { pathname, search } = new URL(request.url);
  const body = Buffer.from(await request.arrayBuffer());
  return { method: request.method, path: pathname, query: search.slice(1), headers: [...request.headers], body };
}

const sentTo = (path: string, more: Partial<Sent> = {}): Sent => ({ method: 'POST', path, ...more });

describe.each(FRONT_DOORS)('a request through a %s', (frontDoor) => {
  test('keeps method, path, query, headers and body', async () => {
    const request = await readRequest(
      eventOf(frontDoor, {
        method: 'POST',
        path: '/messages',
        query: 'repeat=one&repeat=two&redirect=https%3A%2F%2Fa.example%2Fb&plus=a+b&encoded=a%2Bb&empty=',
        headers: [
          ['Content-Type', 'application/json'],
          ['X-Probe', 'first'],
          ['x-probe', 'second'],
          ['cookie', 'session=abc; theme=dark'],
        ],
        body: '{"text":"λ"}',
      }),
    );
    expect(request).toEqual({
      method: 'POST',
      path: '/messages',
      query: 'repeat=one&repeat=two&redirect=https%3A%2F%2Fa.example%2Fb&plus=a+b&encoded=a%2Bb&empty=',
      headers: [
        ['content-type', 'application/json'],
        ['cookie', 'session=abc; theme=dark'],
        ['x-probe', 'first,second'],
      ],
      body: Buffer.from('{"text":"λ"}'),
    });
  });

  test('keeps any method, query, headers and bytes', async () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/).filter((name) => name !== 'cookie');
    const value = fc.stringMatching(/^([!-~\u00a1-\u00ff]([ -~]{0,10}[!-~])?)?$/);
    const part = fc.stringMatching(/^([a-zA-Z0-9+._~-]|%[2-7][0-9A-F]){0,8}$/);
    const query = fc
      .array(fc.tuple(part, part), { maxLength: 4 })
      .map((pairs) => pairs.map((p) => p.join('=')).join('&'));
    const sent = fc.record({
      method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      path: fc.constant('/messages'),
      query,
      headers: fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name, maxLength: 5 }),
      body: fc.uint8Array({ maxLength: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(sent, async (request) => {
        const read = await readRequest(eventOf(frontDoor, request));
        expect(read).toEqual({
          ...request,
          headers: [...request.headers].sort(([a], [b]) => (a < b ? -1 : 1)),
          body: Buffer.from(request.body),
        });
      }),
      { numRuns: 300 },
    );
  });

  test.each(['GET', 'HEAD'])('drops the body of a %s, which has no meaning', async (method) => {
    const request = await readRequest(eventOf(frontDoor, sentTo('/health', { method, body: 'x' })));
    expect(request).toMatchObject({ method, body: Buffer.alloc(0) });
  });

  test.each(['TRACE', 'CONNECT', 'a b'])('is none with the method %s', (method) => {
    expect(toRequest(eventOf(frontDoor, sentTo('/health', { method })))).toBeUndefined();
  });

  test('is none with a line break in a header', () => {
    expect(
      toRequest({ ...eventOf(frontDoor, sentTo('/health')), headers: { 'x-a': 'b\r\nx-evil: 1' } }),
    ).toBeUndefined();
  });

  test('has headers of bytes, as in Node, also when they were taken for UTF-8 on the way', async () => {
    const headers = { 'x-latin': 'caf\u00e9', 'x-other': '\u20ac', 'x-empty': '', 'x-missing': undefined };
    const request = await readRequest({ ...eventOf(frontDoor, sentTo('/health')), headers });
    expect(request?.headers).toEqual([
      ['x-empty', ''],
      ['x-latin', 'caf\u00e9'],
      ['x-other', '\u00e2\u0082\u00ac'],
    ]);
  });

  test('says who signed it, or nothing', () => {
    expect(userArnOf(signedEventOf(frontDoor, sentTo('/health')))).toBe(BILLING_SESSION);
    const event = eventOf(frontDoor, sentTo('/health'));
    expect(userArnOf(event)).toBeUndefined();
    const within = (authorizer: HttpEvent['requestContext']['authorizer']) =>
      userArnOf({ ...event, requestContext: { ...event.requestContext, authorizer: authorizer ?? null } });
    expect([within(null), within({}), within({ iam: null }), within({ iam: { userArn: '' } })]).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe('the path', () => {
  const idOf = (path: string) => decodeURIComponent(/^[/]messages[/]([^/]+)/.exec(path)?.[1] ?? '');

  test('of a function URL is the one that was sent', () => {
    const segment = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), (segments) => {
        const path = `/${segments.map((text) => encodeURIComponent(text)).join('/')}`;
        expect(new URL(toRequest(eventOf('function URL', sentTo(path)))?.url ?? '').pathname).toBe(path);
      }),
      { numRuns: 300 },
    );
  });

  test('of an HTTP API names the same message, though it comes decoded, when the id has neither % nor ?', async () => {
    const id = fc.stringMatching(/^[!-$&->@-~]{1,30}$/).filter((text) => text !== '.' && text !== '..');
    await fc.assert(
      fc.asyncProperty(id, fc.boolean(), async (messageId, isReplay) => {
        fc.pre(isReplay || !messageId.endsWith('/replay'));
        const end = isReplay ? '/replay' : '';
        const sent = sentTo(`/messages/${encodeURIComponent(messageId)}${end}`, { method: isReplay ? 'POST' : 'GET' });
        const path = (await readRequest(eventOf('HTTP API', sent)))?.path ?? '';
        expect(idOf(path)).toBe(messageId);
        expect(path.slice(path.lastIndexOf('/'))).toBe(isReplay ? '/replay' : `/${path.split('/')[2]}`);
      }),
      { numRuns: 300 },
    );
  });

  /** What API Gateway was seen to make of paths. */
  test.each([
    ['/messages/a', 'GET', '/messages/a'],
    ['/messages/a b', 'GET', '/messages/a%20b'],
    ['/messages/hash#value', 'GET', '/messages/hash%23value'],
    ['/messages/literal?value', 'GET', '/messages/literal%3Fvalue'],
    ['/messages/literal%value', 'GET', '/messages/literal%25value'],
    ['/messages/λ-世界', 'GET', '/messages/%CE%BB-%E4%B8%96%E7%95%8C'],
    ['/messages/a/b', 'GET', '/messages/a%2Fb'],
    ['/messages/a/b/replay', 'POST', '/messages/a%2Fb/replay'],
    ['/messages/a/b', 'POST', '/messages/a/b'],
    ['/messages/', 'GET', '/messages/'],
    ['/messages', 'POST', '/messages'],
    ['/health/ready', 'GET', '/health/ready'],
    ['/no/such?path', 'GET', '/no/such%3Fpath'],
    ['/\ud800', 'GET', '/%EF%BF%BD'],
    ['/messages/\ud800', 'GET', '/messages/%EF%BF%BD'],
  ])('of an HTTP API is encoded again: %j', async (rawPath, method, path) => {
    const request = await readRequest({ ...eventOf('HTTP API', sentTo('/', { method })), rawPath });
    expect(request?.path).toBe(path);
    expect(request?.query).toBe('');
  });
});

describe('isHttpEvent', () => {
  test('knows the events of both front doors', () => {
    for (const frontDoor of FRONT_DOORS) expect(isHttpEvent(eventOf(frontDoor, sentTo('/')))).toBe(true);
  });

  test.each([
    null,
    'text',
    {},
    { Records: [] },
    { version: '1.0', path: '/', httpMethod: 'GET', requestContext: { httpMethod: 'GET' } },
    { rawPath: '/', requestContext: {} },
    { rawPath: 'messages', requestContext: { http: { method: 'GET' } } },
  ])('takes nothing else for one: %j', (event) => {
    expect(isHttpEvent(event)).toBe(false);
  });
});

describe('a response', () => {
  test('keeps its status, headers, cookies and bytes, whatever they are', async () => {
    const response = fc.record({
      status: fc.constantFrom(200, 201, 202, 207, 400, 404, 503),
      type: fc.constantFrom('application/json', 'text/plain; charset=iso-8859-1', 'image/png', undefined),
      body: fc.oneof(
        fc.uint8Array(),
        fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text))),
      ),
      cookies: fc.array(fc.constantFrom('a=1', 'b=2; Path=/', 'c='), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(response, async ({ status, type, body, cookies }) => {
        const headers = new Headers({ 'x-a': 'b', ...(type && { 'content-type': type }) });
        for (const cookie of cookies) headers.append('set-cookie', cookie);
        const result = await toResult(new Response(body, { status, headers }));
        expect(result.statusCode).toBe(status);
        expect(result.headers).toEqual({ 'x-a': 'b', ...(type && { 'content-type': type }) });
        expect(result.cookies ?? []).toEqual(cookies);
        expect(Buffer.from(result.body, result.isBase64Encoded ? 'base64' : 'utf8')).toEqual(Buffer.from(body));
      }),
      { numRuns: 300 },
    );
  });

  test('is text when it can be, so that logs and small answers stay readable', async () => {
    expect(await toResult(new Response('{"a":"λ"}'))).toMatchObject({ body: '{"a":"λ"}', isBase64Encoded: false });
    expect(await toResult(new Response(null, { status: 204 }))).toEqual({
      statusCode: 204,
      headers: {},
      body: '',
      isBase64Encoded: false,
    });
  });
});
