import { describe, expect, test } from '@jest/globals';
import { createSigningSecrets, StoreUnavailableError } from '@millrace/core';
import fc from 'fast-check';
import { createLambdaHandler, type LambdaDeps } from '../src/lambda-handler.ts';
import { type Api, type ApiOptions, startApi } from './support/api.ts';
import { BILLING_ROLE, eventOf, type FrontDoor, type Sent, signedEventOf } from './support/events.ts';
import { messageJson } from './support/messages.ts';

const FRONT_DOORS: readonly FrontDoor[] = ['function URL', 'HTTP API'];
const JSON_TYPE = ['content-type', 'application/json'] as const;

interface LambdaOptions extends Pick<ApiOptions, 'faults'> {
  readonly config?: Partial<LambdaDeps['config']>;
  /** The parameter with the callers. */
  readonly callers?: string | undefined | Error;
}

/** The function, on the store of an API of its own. */
async function startLambda({ faults, config, ...options }: LambdaOptions = {}) {
  const { store, secretStore, payloads, clock, contract } = await startApi();
  const errors: unknown[] = [];
  const callers = 'callers' in options ? options.callers : JSON.stringify({ [BILLING_ROLE]: ['billing'] });
  const handler = createLambdaHandler({
    store: { ...store, ...faults },
    signing: createSigningSecrets({ store: secretStore, clock }),
    circuits: store.circuits,
    payloads,
    clock,
    config: {
      allowHttp: false,
      corsOrigins: [],
      callersParameter: '/dev/callers',
      openFrontDoor: false,
      ...config,
    },
    parameters: {
      get: () => (callers instanceof Error ? Promise.reject(callers) : Promise.resolve(callers)),
    },
    onError: (error) => errors.push(error),
  });

  /** The answer to an event, held against the contract. */
  async function answer(event: ReturnType<typeof eventOf>, path = event.rawPath) {
    const { statusCode: status, headers, body, isBase64Encoded } = await handler(event);
    expect(isBase64Encoded).toBe(false);
    contract.check(event.requestContext.http.method, path, { status, headers, text: body });
    return { status, headers, text: body, json: body === '' ? undefined : JSON.parse(body) };
  }
  return { handler, answer, store, errors };
}

const post = (path: string, body: unknown): Sent => ({
  method: 'POST',
  path,
  headers: [JSON_TYPE],
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const get = (path: string, query = ''): Sent => ({ method: 'GET', path, query });

describe.each(FRONT_DOORS)('behind a %s', (frontDoor) => {
  test('a caller of IAM sends, looks and replays for its sender', async () => {
    const { answer, store } = await startLambda();
    const sign = (sent: Sent) => answer(signedEventOf(frontDoor, sent), sent.path);
    const message = messageJson({ messageId: 'a/b', body: 'λ' });
    expect(await sign(post('/message', message))).toMatchObject({ status: 202, json: { duplicate: false } });
    expect(await sign(post('/message', message))).toMatchObject({ status: 200, json: { duplicate: true } });
    expect(await sign(get('/messages/a%2Fb'))).toMatchObject({
      status: 200,
      json: { messages: [{ messageId: 'a/b' }] },
    });
    expect(await sign(get('/messages', 'status=QUEUED&target=https%3A%2F%2Fpartner.example'))).toMatchObject({
      status: 200,
      json: { messages: [{ messageId: 'a/b' }] },
    });
    expect(await sign(post('/messages/a%2Fb/replay', { senderId: 'billing' }))).toMatchObject({ status: 409 });
    expect((await store.counts()).accepted).toBe(1);
  });

  test('bodies in base64 are read: lines, and JSON of bytes that are not UTF-8', async () => {
    const { answer } = await startLambda();
    const lines = `${JSON.stringify(messageJson())}\n${JSON.stringify(messageJson({ messageId: 'b' }))}\n`;
    const ndjson = { ...post('/messages', lines), headers: [['content-type', 'application/x-ndjson']] as const };
    const event = signedEventOf(frontDoor, ndjson);
    expect(event.isBase64Encoded).toBe(true);
    expect((await answer(event)).status).toBe(202);
    const broken = signedEventOf(frontDoor, { ...post('/message', ''), body: new Uint8Array([0x22, 0xff, 0x22]) });
    expect(await answer(broken)).toMatchObject({
      status: 400,
      json: { problems: [{ message: 'is not valid UTF-8' }] },
    });
  });

  test('another sender is 403, and so is another principal, or none', async () => {
    const { answer, store } = await startLambda();
    const sent = post('/message', messageJson());
    const forbidden = { status: 403, json: { type: 'forbidden' } };
    const others = post('/message', messageJson({ senderId: 'shop' }));
    const stranger = 'arn:aws:sts::123456789012:assumed-role/stranger/i-0abc';
    expect(await answer(signedEventOf(frontDoor, others))).toMatchObject(forbidden);
    expect(await answer(signedEventOf(frontDoor, sent, stranger))).toMatchObject(forbidden);
    expect(await answer(eventOf(frontDoor, sent))).toMatchObject(forbidden);
    expect((await store.counts()).accepted).toBe(0);
  });

  test('anyone may call when a setting says that the front door is open', async () => {
    const { answer } = await startLambda({ config: { openFrontDoor: true }, callers: undefined });
    expect(await answer(eventOf(frontDoor, post('/message', messageJson())))).toMatchObject({ status: 202 });
  });

  test('HEAD and OPTIONS are answered as on a server', async () => {
    const { answer } = await startLambda();
    expect(await answer(eventOf(frontDoor, { method: 'HEAD', path: '/health' }))).toMatchObject({
      status: 200,
      text: '',
    });
    expect(await answer(eventOf(frontDoor, { method: 'OPTIONS', path: '/message' }))).toMatchObject({
      status: 204,
      headers: { allow: 'POST, OPTIONS' },
      text: '',
    });
  });

  test('pages of the configured origins may call, and their preflight needs no signature', async () => {
    const origin = 'https://app.example';
    const { answer } = await startLambda({ config: { corsOrigins: [origin] } });
    const allowed = { 'access-control-allow-origin': origin };
    const headers = [
      ['origin', origin],
      ['access-control-request-method', 'POST'],
    ] as const;
    const preflight = eventOf(frontDoor, { method: 'OPTIONS', path: '/message', headers });
    expect(await answer(preflight)).toMatchObject({ status: 204, headers: allowed });
    const sent = post('/message', messageJson());
    const signed = signedEventOf(frontDoor, { ...sent, headers: [JSON_TYPE, ['origin', origin]] });
    expect(await answer(signed)).toMatchObject({ status: 202, headers: allowed });
  });

  test('a request that is none is refused with 400', async () => {
    const { handler, errors } = await startLambda();
    const result = await handler(eventOf(frontDoor, { method: 'TRACE', path: '/health' }));
    expect(result).toMatchObject({ statusCode: 400, headers: { 'content-type': 'application/problem+json' } });
    expect(errors).toEqual([]);
  });

  test('a request of six megabytes is taken', async () => {
    const { answer } = await startLambda();
    const sent = post('/message', messageJson({ body: 'x'.repeat(6 * 1_024 * 1_024 - 200) }));
    expect((await answer(signedEventOf(frontDoor, sent))).status).toBe(202);
  });
});

describe('when the callers cannot be read', () => {
  test('requests are answered with 503 while the store of parameters fails, and readiness says why', async () => {
    const { answer, errors, store } = await startLambda({
      callers: new StoreUnavailableError('ssm:GetParameter: Throttled'),
    });
    const sign = (sent: Sent) => answer(signedEventOf('function URL', sent));
    expect(await sign(post('/message', messageJson()))).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await sign(get('/health/ready'))).toMatchObject({ status: 503, json: { parts: [{ part: 'callers' }] } });
    expect(await sign(get('/health'))).toMatchObject({ status: 200 });
    expect(errors).toEqual([]);
    expect((await store.counts()).accepted).toBe(0);
  });

  test('requests are answered with 500 when they are not valid, and every problem is reported', async () => {
    const { answer, errors } = await startLambda({ callers: '{"a":["b"],"c":[]}' });
    const response = await answer(signedEventOf('function URL', post('/message', messageJson())));
    expect(response.status).toBe(500);
    expect(response.text).not.toContain('principal');
    expect(errors).toMatchObject([{ code: 'config', problems: [/[$][.]a/, /[$][.]c/].map(expect.stringMatching) }]);
  });
});

test.each([{}, { Records: [] }, null])(
  'the event %j, which is no HTTP request, is an error of the invocation',
  async (event) => {
    const { handler } = await startLambda();
    await expect(handler(event)).rejects.toThrow('not an HTTP request');
  },
);

describe('the function and the server', () => {
  const id = fc
    .oneof(fc.constantFrom('a', 'b/c', 'd?e%#'), fc.stringMatching(/^[!-~]{1,8}$/))
    .filter((text) => text !== '.' && text !== '..');
  const message = fc.record({ messageId: id, senderId: fc.constantFrom('billing', 'shop') }).map(messageJson);
  const messages = fc.array(message, { minLength: 1, maxLength: 4 });
  const JSON_MOSTLY = fc.constantFrom(...Array<string>(5).fill('application/json'), 'text/plain');
  const typed = (type: string, origin: string): NonNullable<Sent['headers']> => [
    ['content-type', type],
    ['origin', origin],
  ];
  const headers = fc.tuple(JSON_MOSTLY, fc.webUrl()).map(([type, origin]) => typed(type, origin));
  const lines = fc.constant(typed('application/x-ndjson', 'https://app.example'));
  const toId = id.map((text) => `/messages/${encodeURIComponent(text)}`);
  const filter = fc
    .array(
      fc.oneof(
        fc.tuple(fc.constantFrom('senderId', 'status', 'limit', 'cursor', 'from'), fc.string({ unit: 'grapheme' })),
        fc.constantFrom(['senderId', 'billing'], ['senderId', 'shop'], ['status', 'QUEUED'], ['limit', '1']),
      ),
      { maxLength: 2 },
    )
    .map((pairs) => pairs.map((pair) => pair.map((text) => encodeURIComponent(text)).join('=')).join('&'));
  const replay = fc.constantFrom('{"senderId":"billing"}', '{"senderId":"shop"}', '{"dryRun":true}', '{}');
  const POST = fc.constant('POST');

  /** Most mean something to the API; the last kind is anything. */
  const sent: fc.Arbitrary<Sent> = fc.oneof(
    fc.record({
      method: POST,
      path: fc.constant('/message'),
      headers,
      body: message.map((one) => JSON.stringify(one)),
    }),
    fc.record({
      method: POST,
      path: fc.constant('/messages'),
      headers,
      body: messages.map((list) => JSON.stringify({ messages: list })),
    }),
    fc.record({
      method: POST,
      path: fc.constant('/messages'),
      headers: lines,
      body: messages.map((list) => list.map((one) => JSON.stringify(one)).join('\n')),
    }),
    fc.record({
      method: fc.constantFrom('GET', 'HEAD'),
      path: fc.oneof(toId, fc.constant('/messages')),
      query: filter,
    }),
    fc.record({
      method: POST,
      path: fc.oneof(
        toId.map((path) => `${path}/replay`),
        fc.constant('/replays'),
      ),
      headers,
      body: replay,
    }),
    fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
      path: fc.oneof(fc.constantFrom('/message', '/messages', '/stats', '/health', '/nowhere', '/'), toId),
      query: filter,
      headers: fc.oneof(headers, lines),
      body: fc.oneof(fc.json(), fc.uint8Array({ maxLength: 20 })),
    }),
  );

  /** What a client sees. */
  async function overServer({ app }: Api, { method, path, query = '', headers = [], body = '' }: Sent) {
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const request = new Request(`https://api.example${path}${query && `?${query}`}`, {
      method,
      headers: headers.map(([name, value]) => [name, value]),
      body: hasBody ? Buffer.from(body) : null,
    });
    const response = await app.fetch(request);
    return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
  }

  test('give the same answers to the same requests, one after another', async () => {
    const config = { corsOrigins: ['https://app.example'] };
    const lambda = await startLambda({ config });
    const server = await startApi({ config, callerOf: () => ({ name: BILLING_ROLE, senders: ['billing'] }) });
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(sent, async (request) => {
        const { status, headers, text } = await lambda.answer(signedEventOf('function URL', request));
        seen.add(status);
        expect({ status, headers, text }).toEqual(await overServer(server, request));
      }),
      { numRuns: 300 },
    );
    // Or it would say little.
    for (const status of [200, 202, 207, 400, 403, 404, 405, 415]) expect(seen).toContain(status);
  });
});
