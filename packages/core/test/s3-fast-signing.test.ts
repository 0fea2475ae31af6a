import { createHash, createHmac } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { addressOf, encodeKey, encodeQuery } from '../src/aws/s3-fast/address.ts';
import { createSign } from '../src/aws/s3-fast/signing.ts';
import { aKey } from '../src/testing/object-store-samples.ts';

const RUNS = 300;
const NO_BODY = createHash('sha256').digest('hex');

class LibrarySha256 {
  private readonly sum;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.sum = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(bytes: Uint8Array): void {
    this.sum.update(bytes);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.sum.digest());
  }
  reset(): void {
    throw new Error('not used');
  }
}

const credentials = fc.record(
  {
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
    secretAccessKey: fc.string({ minLength: 1 }),
    sessionToken: fc.stringMatching(/^[A-Za-z0-9+/=]{1,60}$/),
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
);

describe('the signature', () => {
  test('of any read of any key, at any time, with any credentials, is that of the library', async () => {
    const sign = createSign({ host: 'bucket.s3.eu-west-1.amazonaws.com', region: 'eu-west-1' });
    await fc.assert(
      fc.asyncProperty(
        aKey(),
        fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string({ unit: 'grapheme' }), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
        credentials,
        fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
        async (key, query, identity, date) => {
          const path = `/${encodeKey(key)}`;
          const library = new SignatureV4({
            service: 's3',
            region: 'eu-west-1',
            credentials: identity,
            sha256: LibrarySha256,
            uriEscapePath: false,
          });
          const headers = { host: 'bucket.s3.eu-west-1.amazonaws.com', 'x-amz-content-sha256': NO_BODY };
          const request = { method: 'GET', protocol: 'https:', hostname: headers.host, path, query, headers };
          const expected = await library.sign(request, { signingDate: date });
          const signed = await sign({ path, query: encodeQuery(query) }, identity, date.getTime());
          expect(signed).toEqual(expected.headers);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('is made with the credentials and for the day of each request, whatever came before', async () => {
    const read = { path: '/k', query: '' };
    const two = { accessKeyId: 'two', secretAccessKey: 'two' };
    const endOfDay = Date.UTC(2026, 10, 30, 23, 59, 59);
    const used = createSign({ host: 'h', region: 'r' });
    await used(read, { accessKeyId: 'one', secretAccessKey: 'one' }, endOfDay);
    const others = await used(read, two, endOfDay);
    const nextDay = await used(read, two, endOfDay + 1_000);
    expect(nextDay).toEqual(await createSign({ host: 'h', region: 'r' })(read, two, endOfDay + 1_000));
    expect(others['authorization']).toContain('two/20261130/r/s3/aws4_request');
    expect(nextDay['authorization']).toContain('two/20261201/r/s3/aws4_request');
  });
});

describe('the address of a bucket', () => {
  const identity = { accessKeyId: 'a', secretAccessKey: 'b' };
  test.each([
    ['by its host', { region: 'eu-west-1' }, 'bucket', 'https://bucket.s3.eu-west-1.amazonaws.com', ''],
    [
      'by its path',
      { region: 'eu-west-1', forcePathStyle: true },
      'bucket',
      'https://s3.eu-west-1.amazonaws.com',
      '/bucket',
    ],
    ['with dots', { region: 'eu-west-1' }, 'my.bucket', 'https://s3.eu-west-1.amazonaws.com', '/my.bucket'],
    ['in China', { region: 'cn-north-1' }, 'bucket', 'https://bucket.s3.cn-north-1.amazonaws.com.cn', ''],
    [
      'by dual stack',
      { region: 'us-east-2', useDualstackEndpoint: true },
      'bucket',
      'https://bucket.s3.dualstack.us-east-2.amazonaws.com',
      '',
    ],
    [
      'of an emulator',
      { region: 'us-east-1', endpoint: 'http://127.0.0.1:4566', forcePathStyle: true },
      'bucket',
      'http://127.0.0.1:4566',
      '/bucket',
    ],
    [
      'of an emulator with host names',
      { region: 'us-east-1', endpoint: 'http://localhost:4566' },
      'bucket',
      'http://bucket.localhost:4566',
      '',
    ],
  ])('%s is where the SDK goes', async (_, config, bucket, origin, path) => {
    const client = new S3Client({ ...config, credentials: identity });
    expect(await addressOf(client, bucket)).toEqual({
      origin,
      host: new URL(origin).host,
      path,
      region: config.region,
    });
    client.destroy();
  });

  test('is found with credentials that are lent', async () => {
    const client = new S3Client({ region: 'eu-west-1', credentials: { ...identity, sessionToken: 't/o+k=en' } });
    expect(await addressOf(client, 'bucket')).toMatchObject({ region: 'eu-west-1', path: '' });
    client.destroy();
  });
});
