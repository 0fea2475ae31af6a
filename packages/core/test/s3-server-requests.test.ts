import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { S3_LACKS, type S3Server, startS3Server } from '@millrace/core/testing/aws';
import { checksum } from '../src/testing/aws/s3-server/checksums.ts';
import { codeOf, send } from './support/raw-s3.ts';
import { s3Client } from './support/s3-harness.ts';

const KEY = { Bucket: 'bucket', Key: 'a/../key é' };
const PATH = '/bucket/a/../key%20%C3%A9';

/** Verifies signatures. */
let strict: S3Server;
/** Verifies none. */
let open: S3Server;
const clients: S3Client[] = [];

beforeAll(async () => {
  strict = await startS3Server({ buckets: ['bucket'] });
  open = await startS3Server({ buckets: ['bucket'], verifySignatures: false });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await Promise.all([strict.close(), open.close()]);
});

function clientOf(server: S3Server): S3Client {
  const client = s3Client(server, { maxAttempts: 1 });
  clients.push(client);
  return client;
}

describe('sums', () => {
  test.each([
    ['crc32', '3q2+7w==', Buffer.from('not this one')],
    ['crc32', 'y/Q5Jg==', Buffer.from('123456789')],
    ['crc32c', '4waSgw==', Buffer.from('123456789')],
    ['crc64nvme', 'rosUhgp5mIg=', Buffer.from('123456789')],
    ['sha1', hash('sha1', 'abc', 'base64'), Buffer.from('abc')],
    ['sha256', hash('sha256', 'abc', 'base64'), Buffer.from('abc')],
  ] as const)('the %s %s is compared with the bytes', async (name, value, body) => {
    const isRight = checksum(name, body) === value;
    expect(isRight).toBe(value !== '3q2+7w==');
    const headers = { [`x-amz-checksum-${name}`]: value };
    const answer = await send(open, { method: 'PUT', path: PATH, headers, body });
    expect([answer.status, codeOf(answer)]).toEqual(isRight ? [200, undefined] : [400, 'BadDigest']);
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'the SDK sends %s with bytes and with streams, and verifies what it gets back',
    async (ChecksumAlgorithm) => {
      const lengths = [0, 10, 200_000];
      for (const length of lengths) {
        const bytes = Buffer.alloc(length, 'abc');
        const stream = {
          Body: Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]),
          ContentLength: length,
        };
        for (const body of [{ Body: bytes }, stream]) {
          await clientOf(strict).send(new PutObjectCommand({ ...KEY, ...body, ChecksumAlgorithm }));
          const { Body } = await clientOf(strict).send(new GetObjectCommand({ ...KEY, ChecksumMode: 'ENABLED' }));
          expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
        }
      }
    },
  );

  test('that the server cannot calculate are not taken for right', async () => {
    const headers = { 'x-amz-checksum-sha512': 'x' };
    expect(codeOf(await send(open, { method: 'PUT', path: PATH, headers, body: 'abc' }))).toBe('NotImplemented');
  });

  test('MD5 and the SHA-256 that is signed are compared too', async () => {
    const put = (headers: Record<string, string>) => send(open, { method: 'PUT', path: PATH, headers, body: 'abc' });
    expect(codeOf(await put({ 'content-md5': hash('md5', 'abd', 'base64') }))).toBe('BadDigest');
    expect((await put({ 'content-md5': hash('md5', 'abc', 'base64') })).status).toBe(200);
    expect(codeOf(await put({ 'x-amz-content-sha256': hash('sha256', 'abd') }))).toBe('XAmzContentSHA256Mismatch');
  });
});

describe('a body in chunks', () => {
  const sum = checksum('crc32', Buffer.from('hello world'));
  const headers = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'content-encoding': 'aws-chunked,gzip',
    'x-amz-decoded-content-length': '11',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const body = `6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:${sum}\r\n\r\n`;
  const put = (text: string, more = {}) =>
    send(open, { method: 'PUT', path: PATH, headers: { ...headers, ...more }, body: text });

  test('is put together, and is no encoding of the object', async () => {
    expect((await put(body)).headers).toMatchObject({ 'x-amz-checksum-crc32': sum });
    const got = await send(open, { path: PATH });
    expect(got).toMatchObject({ body: 'hello world', headers: { 'content-encoding': 'gzip' } });
  });

  test.each([
    ['cut short', body.slice(0, 20), {}, 'IncompleteBody'],
    ['of another length', body, { 'x-amz-decoded-content-length': '12' }, 'IncompleteBody'],
    ['with another sum', body.replace('world', 'World'), {}, 'BadDigest'],
    ['without its trailer', body.replace(/x-amz.*\r\n/, ''), {}, 'MalformedTrailerError'],
    [
      'that is signed chunk by chunk',
      body,
      { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
      'NotImplemented',
    ],
  ])('%s is refused', async (_, text, more, code) => {
    expect(codeOf(await put(text, more))).toBe(code);
  });
});

describe('requests', () => {
  test('of what the server lacks are refused, and never taken for something else', async () => {
    expect(S3_LACKS.length).toBeGreaterThan(0);
    await expect(clientOf(open).send(new ListObjectsCommand({ Bucket: 'bucket' }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    for (const [method, path] of [
      ['GET', '/bucket?versions'],
      ['PUT', '/bucket?versioning'],
      ['GET', `${PATH}?versionId=1`],
      ['PUT', `${PATH}?tagging`],
      ['GET', '/bucket?acl'],
    ] as const) {
      const answer = await send(open, { method, path });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 501, 'NotImplemented']);
    }
  });

  test('that nobody can read are refused', async () => {
    expect(codeOf(await send(open, { path: '/bucket/%ff' }))).toBe('InvalidURI');
    expect(codeOf(await send(open, { method: 'PATCH', path: PATH }))).toBe('MethodNotAllowed');
    for (const body of ['', '<Delete>', '<Delete></Other>', '<Delete/>', 'no xml', '<Delete><Object/></Delete>']) {
      expect(codeOf(await send(open, { method: 'POST', path: '/bucket?delete', body }))).toBe('MalformedXML');
    }
    expect(codeOf(await send(open, { path: '/bucket?list-type=2&max-keys=x' }))).toBe('InvalidArgument');
    expect(codeOf(await send(open, { path: '/bucket?list-type=2&encoding-type=x' }))).toBe('InvalidArgument');
  });

  test('are refused in the XML of S3, and with no body to HEAD', async () => {
    const answer = await send(open, { path: '/bucket/no%20<key>' });
    expect(answer.headers['content-type']).toBe('application/xml');
    expect(answer.body).toContain('<Code>NoSuchKey</Code>');
    expect(answer.body).toContain('<Key>no &#60;key&#62;</Key>');
    expect(await send(open, { method: 'HEAD', path: '/bucket/none' })).toMatchObject({ status: 404, body: '' });
  });

  test('are counted by operation, and shown to the hook with their number', async () => {
    open.resetCounts();
    const seen: unknown[] = [];
    open.onRequest((request) => {
      seen.push(request);
      return undefined;
    });
    await send(open, { method: 'PUT', path: PATH, body: 'x' });
    for (const path of ['/bucket/one', '/bucket/two']) await send(open, { path });
    open.onRequest(undefined);
    expect(open.counts()).toEqual({ PutObject: 1, GetObject: 2 });
    expect(seen).toEqual([
      { operation: 'PutObject', bucket: 'bucket', key: KEY.Key, number: 1 },
      { operation: 'GetObject', bucket: 'bucket', key: 'one', number: 1 },
      { operation: 'GetObject', bucket: 'bucket', key: 'two', number: 2 },
    ]);
  });

  test.each([
    ['an error', { kind: 'error', status: 503, code: 'SlowDown' }, false],
    ['a cut before', { kind: 'cut-before' }, false],
    ['a cut after', { kind: 'cut-after' }, true],
    ['a cut within', { kind: 'cut-within' }, true],
  ] as const)('with %s take effect only when they say so', async (name, fault, takesEffect) => {
    const path = `/bucket/${name.replaceAll(' ', '-')}`;
    open.onRequest(() => fault);
    const answer = await send(open, { method: 'PUT', path, body: 'x' }).catch(() => undefined);
    open.onRequest(undefined);
    expect(answer === undefined ? undefined : codeOf(answer)).toBe(fault.kind === 'error' ? 'SlowDown' : undefined);
    expect((await send(open, { path })).status).toBe(takesEffect ? 200 : 404);
  });

  test('that are held back by the hook go on when it lets them', async () => {
    let release: (() => void) | undefined;
    const gate = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const path = '/bucket/held';
    const arrived = new Promise<void>((resolve) => {
      open.onRequest(({ operation }) => {
        if (operation !== 'PutObject') return undefined;
        resolve();
        return gate;
      });
    });
    const put = send(open, { method: 'PUT', path, body: 'x' });
    await arrived;
    expect((await send(open, { path })).status).toBe(404);
    release?.();
    expect((await put).status).toBe(200);
    open.onRequest(undefined);
  });

  test('that are delayed end when the server does', async () => {
    const server = await startS3Server({ buckets: ['bucket'], verifySignatures: false });
    const arrived = new Promise<void>((resolve) => {
      server.onRequest(() => {
        resolve();
        return { kind: 'delay', ms: 3_600_000 };
      });
    });
    const request = send(server, { path: PATH }).catch(() => 'cut');
    await arrived;
    await server.close();
    expect(await request).toBe('cut');
  });
});
