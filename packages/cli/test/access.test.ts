import { SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Access, LOCAL_ADVICE } from '../src/access.ts';
import { scopeOfHost } from '../src/aws/api-host.ts';
import { createRequestSigner } from '../src/aws/request-signer.ts';
import { type ApiClient, createClient } from '../src/client.ts';
import { AccessError } from '../src/client-errors.ts';
import { runLoad } from '../src/load/run.ts';
import { type LoadServer, startLoadServer } from './support/load-server.ts';
import { messageView } from './support/messages.ts';
import { type SignedApi, startSignedApi } from './support/signed-api.ts';

const NOW = Date.UTC(2026, 10, 22, 10);
const SCOPE = { service: 'execute-api', region: 'eu-central-1' };
const CREDENTIALS = { accessKeyId: 'AKIDTEST', secretAccessKey: 'a+secret/key', sessionToken: 'token==' };

function signedAccess(): Access {
  const { sha256 } = new SSMClient({ region: 'any' }).config;
  const headersFor = createRequestSigner({ ...SCOPE, sha256, credentials: CREDENTIALS, now: () => NOW });
  return { headersFor, explain: () => undefined, advice: LOCAL_ADVICE };
}

function brokenAccess(): Access {
  const headersFor = () => Promise.reject(new AccessError('the credentials are gone'));
  return { headersFor, explain: () => undefined, advice: LOCAL_ADVICE };
}

describe('a signed request', () => {
  let api: SignedApi;
  let client: ApiClient;
  beforeEach(async () => {
    api = await startSignedApi({
      ...{ ...SCOPE, now: () => NOW, secretOf: () => CREDENTIALS },
      fetch: () => Response.json({ messages: [messageView()], cursor: null, replayed: 0, remaining: 0 }),
    });
    client = createClient({ url: `${api.url}/stage`, access: signedAccess(), now: () => NOW });
  });
  afterEach(async () => {
    await client.close();
    await api.close();
  });

  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
  // These are no segments of a path, however they are spelt.
  const id = text.filter((candidate) => candidate !== '.' && candidate !== '..');

  test('is let in, whatever characters are in its path, its query and its body', async () => {
    await fc.assert(
      fc.asyncProperty(id, text, text, async (messageId, senderId, target) => {
        await client.get(messageId, senderId);
        await client.list({ senderId, target, limit: 1, cursor: '+/= %' });
        await client.replayOne(messageId, { senderId, targetUrl: target });
        await client.sendBatch(Buffer.from(target)).catch(() => undefined);
        expect(api.refusals).toEqual([]);
        const { target: path = '' } = api.letIn.at(-4) ?? {};
        const url = new URL(path, 'http://api');
        expect(decodeURIComponent(url.pathname)).toBe(`/stage/messages/${messageId}`);
        expect(url.searchParams.get('senderId')).toBe(senderId);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a request', () => {
  let server: LoadServer;
  let client: ApiClient | undefined;
  beforeEach(async () => {
    server = await startLoadServer(() => ({ status: 202 }));
  });
  afterEach(async () => {
    await client?.close();
    client = undefined;
    await server.close();
  });

  test('says of what type its body is, signed or not', async () => {
    for (const access of [signedAccess(), undefined]) {
      client = createClient({ url: server.url, access, now: () => NOW });
      await client.sendBatch(Buffer.from('{}')).catch(() => undefined);
      await client.replayOne('m', { senderId: 's' }).catch(() => undefined);
      await client.close();
    }
    const types = ['application/x-ndjson', 'application/json'];
    expect(server.received.map(({ headers }) => headers['content-type'])).toEqual([...types, ...types]);
  });

  test('is not sent when the credentials are gone', async () => {
    client = createClient({ url: server.url, access: brokenAccess(), now: () => NOW });
    await expect(client.stats()).rejects.toThrow(new AccessError('the credentials are gone'));
    expect(server.received).toEqual([]);
  });

  test('of load is counted as refused when the credentials are gone', async () => {
    const plan = {
      schedule: { intervalMs: 0, batch: 1, count: 3, durationMs: Infinity },
      url: new URL(server.url),
      ...{ messages: undefined, bodyBytes: 10, connections: 3, key: undefined, firstNumber: 0 },
    };
    const { headersFor: sign } = brokenAccess();
    const { tally } = await runLoad(plan, { sign, now: () => performance.now(), signal: new AbortController().signal });
    expect([...tally.refusals]).toEqual([['the credentials are gone', { messages: 3, example: '' }]]);
    expect(server.received).toEqual([]);
  });
});

describe('the host of an API', () => {
  test.each([
    ['a1b2c3.execute-api.eu-central-1.amazonaws.com', { service: 'execute-api', region: 'eu-central-1' }],
    ['a1b2c3.execute-api.cn-north-1.amazonaws.com.cn', { service: 'execute-api', region: 'cn-north-1' }],
    ['abcdef.lambda-url.us-gov-west-1.on.aws', { service: 'lambda', region: 'us-gov-west-1' }],
    ['abcdef.lambda-url.us-east-1.localhost.localstack.cloud', { service: 'lambda', region: 'us-east-1' }],
    ['127.0.0.1', undefined],
    ['api.example.com', undefined],
    ['execute-api.example.com', undefined],
  ])('%s is signed for as %j', (host, scope) => {
    expect(scopeOfHost(host)).toEqual(scope);
  });
});
