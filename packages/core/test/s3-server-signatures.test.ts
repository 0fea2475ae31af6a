import { hash } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand, type S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import { type S3Server, startS3Server } from '@millrace/core/testing/aws';
import type { S3Request } from '../src/testing/aws/s3-server/request.ts';
import { verifySignature } from '../src/testing/aws/s3-server/signature.ts';
import { codeOf, presign, send } from './support/raw-s3.ts';
import { s3Client } from './support/s3-harness.ts';

const KEY = { Bucket: 'bucket', Key: 'a/../key é' };
const PATH = '/bucket/a/../key%20%C3%A9';

/** The server's; the SDK goes by the system's. */
const clock = createManualClock();
let strict: S3Server;
const clients: S3Client[] = [];

beforeAll(async () => {
  strict = await startS3Server({ buckets: ['bucket'], clock: () => clock.now() });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await strict.close();
});
beforeEach(() => clock.set(Date.now()));

function clientOf(server: S3Server, config: S3ClientConfig = {}): S3Client {
  const client = s3Client(server, { maxAttempts: 1, ...config });
  clients.push(client);
  return client;
}

describe('signatures', () => {
  /** The examples of the S3 documentation ("Authenticating Requests (AWS Signature Version 4)"). */
  const EXAMPLE = {
    credentials: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
    region: 'us-east-1',
    now: Date.UTC(2013, 4, 24),
  };
  const NOTHING = hash('sha256', '');
  const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';

  interface Example {
    readonly method?: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signature?: string;
  }

  function exampleRequest({ method = 'GET', path, query = {}, headers = {}, signature }: Example): S3Request {
    const all: Record<string, string> = { host: 'examplebucket.s3.amazonaws.com', ...headers };
    if (signature !== undefined) {
      Object.assign(all, {
        'x-amz-date': '20130524T000000Z',
        'x-amz-content-sha256': headers['x-amz-content-sha256'] ?? NOTHING,
      });
      const names = Object.keys(all).sort().join(';');
      all['authorization'] = `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${names},Signature=${signature}`;
    }
    const entries = new Map(Object.entries(all));
    return {
      method,
      path,
      bucket: '',
      key: '',
      query: new Map(Object.entries(query)),
      headers: entries,
      body: Buffer.alloc(0),
    };
  }

  const examples: readonly (readonly [string, Example])[] = [
    [
      'GET Object',
      {
        path: '/test.txt',
        headers: { range: 'bytes=0-9' },
        signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      },
    ],
    [
      'PUT Object',
      {
        method: 'PUT',
        path: '/test%24file.text',
        headers: {
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          'x-amz-content-sha256': hash('sha256', 'Welcome to Amazon S3.'),
        },
        signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      },
    ],
    [
      'GET Bucket Lifecycle',
      {
        path: '/',
        query: { lifecycle: '' },
        signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      },
    ],
    [
      'Get Bucket (List Objects)',
      {
        path: '/',
        query: { prefix: 'J', 'max-keys': '2' },
        signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      },
    ],
    [
      'a presigned URL',
      {
        path: '/test.txt',
        query: {
          'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
          'X-Amz-Credential': SCOPE,
          'X-Amz-Date': '20130524T000000Z',
          'X-Amz-Expires': '86400',
          'X-Amz-SignedHeaders': 'host',
          'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
        },
      },
    ],
  ];

  test.each(examples)(
    'the published example of %s is verified, and refused when anything in it differs',
    (_, example) => {
      const request = exampleRequest(example);
      expect(() => verifySignature(request, EXAMPLE)).not.toThrow();
      const others: S3Request[] = [
        { ...request, method: 'DELETE' },
        { ...request, path: `${request.path}x` },
        { ...request, query: new Map([...request.query, ['other', '']]) },
        { ...request, headers: new Map([...request.headers, ['host', 'other.s3.amazonaws.com']]) },
      ];
      for (const other of others) expect(() => verifySignature(other, EXAMPLE)).toThrow('signature we calculated');
    },
  );

  test('of another day than their credential are refused', () => {
    const request = exampleRequest({ path: '/', signature: 'x' });
    const authorization = (request.headers.get('authorization') ?? '').replace('/20130524/', '/20130523/');
    const other = { ...request, headers: new Map([...request.headers, ['authorization', authorization]]) };
    expect(() => verifySignature(other, EXAMPLE)).toThrow('scope');
  });

  test('of the SDK are verified, whatever the key', async () => {
    const client = clientOf(strict);
    for (const Key of [KEY.Key, "a b+c%2F!'()*~", 'x//y/', '😀']) {
      await client.send(new PutObjectCommand({ ...KEY, Key, Body: 'x', Metadata: { a: 'b  c' } }));
      await client.send(new HeadObjectCommand({ ...KEY, Key }));
    }
  });

  test.each([
    ['another secret', { credentials: { accessKeyId: 'test', secretAccessKey: 'wrong' } }, 'SignatureDoesNotMatch'],
    ['another key id', { credentials: { accessKeyId: 'other', secretAccessKey: 'x' } }, 'InvalidAccessKeyId'],
    ['another region', { region: 'eu-north-1' }, 'AuthorizationHeaderMalformed'],
  ])('with %s are refused', async (_, config, name) => {
    const request = clientOf(strict, config).send(new PutObjectCommand({ ...KEY, Body: 'x' }));
    await expect(request).rejects.toMatchObject({ name });
  });

  test('of long ago or of the future are refused', async () => {
    for (const shift of [-16 * 60_000, 16 * 60_000]) {
      clock.set(Date.now() + shift);
      const request = clientOf(strict).send(new PutObjectCommand({ ...KEY, Body: 'x' }));
      await expect(request).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
    }
  });

  test('must be there', async () => {
    expect(codeOf(await send(strict, { path: PATH }))).toBe('AccessDenied');
    const headers = { authorization: 'Basic abc', 'x-amz-date': 'x' };
    expect((await send(strict, { path: PATH, headers })).status).toBe(400);
  });
});

describe('a presigned URL', () => {
  const upload = { method: 'PUT', path: PATH, expires: 60, signedAt: START_TIME };

  beforeEach(() => clock.set(START_TIME));

  test('is good for its method, its object and its time', async () => {
    const path = presign(strict, upload);
    expect((await send(strict, { method: 'PUT', path, body: 'by url' })).status).toBe(200);
    const read = presign(strict, { ...upload, method: 'GET' });
    expect(await send(strict, { path: read })).toMatchObject({ status: 200, body: 'by url' });
    expect(codeOf(await send(strict, { method: 'GET', path }))).toBe('SignatureDoesNotMatch');
    expect(codeOf(await send(strict, { path: read.replace('key%20', 'other%20') }))).toBe('SignatureDoesNotMatch');
    expect(codeOf(await send(strict, { path: `${read}&x-id=GetObject` }))).toBe('SignatureDoesNotMatch');
  });

  test('is over when its time is', async () => {
    const path = presign(strict, upload);
    clock.advance(60_000);
    expect((await send(strict, { method: 'PUT', path, body: 'x' })).status).toBe(200);
    clock.advance(1);
    const late = await send(strict, { method: 'PUT', path, body: 'x' });
    expect(late).toMatchObject({ status: 403, body: expect.stringContaining('Request has expired') });
    expect(codeOf(late)).toBe('AccessDenied');
  });

  test.each([0, 604_801])('of %d seconds is refused', async (expires) => {
    const path = presign(strict, { ...upload, expires });
    expect(codeOf(await send(strict, { method: 'PUT', path }))).toBe('AuthorizationQueryParametersError');
  });

  test('can fix the length and the sum of what is uploaded', async () => {
    const body = 'exactly this';
    const headers = {
      'content-length': `${body.length}`,
      'x-amz-checksum-sha256': hash('sha256', body, 'base64'),
    };
    const path = presign(strict, { ...upload, headers });
    expect((await send(strict, { method: 'PUT', path, headers, body })).status).toBe(200);
    const other = await send(strict, { method: 'PUT', path, headers, body: 'exactly that' });
    expect(codeOf(other)).toBe('BadDigest');
    const longer = { ...headers, 'content-length': '13' };
    expect(codeOf(await send(strict, { method: 'PUT', path, headers: longer, body: `${body}!` }))).toBe(
      'SignatureDoesNotMatch',
    );
    const without = { 'content-length': headers['content-length'] };
    expect(codeOf(await send(strict, { method: 'PUT', path, headers: without, body }))).toBe('SignatureDoesNotMatch');
  });

  test('takes no header of S3 that is not signed', async () => {
    const path = presign(strict, upload);
    const headers = { 'x-amz-meta-colour': 'blue' };
    expect(codeOf(await send(strict, { method: 'PUT', path, headers, body: 'x' }))).toBe('AccessDenied');
  });
});
