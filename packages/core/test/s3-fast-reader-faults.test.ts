import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ObjectStoreUnavailableError } from '@millrace/core';
import {
  AwsAccessError,
  AwsResourceError,
  createFastS3Reader,
  createS3ObjectStore,
  type FastS3Reader,
  type FastS3ReaderOptions,
} from '@millrace/core/aws';
import { createManualClock, START_TIME } from '@millrace/core/testing';
import type { S3Fault, S3Hook, S3Server, SeenS3Request } from '@millrace/core/testing/aws';
import { startS3Server } from '@millrace/core/testing/aws';
import { send } from './support/raw-s3.ts';
import { s3Client } from './support/s3-harness.ts';

const BUCKET = 'bucket';
const BYTES = Buffer.from('some bytes of an object');

let server: S3Server;
let clients: S3Client[];
let readers: FastS3Reader[];
/** What the reader waited before it tried again, in milliseconds. */
let waits: number[];

beforeEach(async () => {
  server = await startS3Server({ buckets: [BUCKET] });
  clients = [];
  readers = [];
  waits = [];
  await fill();
});
afterEach(async () => {
  for (const reader of readers) await reader.close();
  for (const client of clients) client.destroy();
  await server.close();
});

function openClient(config: S3ClientConfig = {}): S3Client {
  const client = s3Client(server, config);
  clients.push(client);
  return client;
}

async function fill(): Promise<void> {
  const store = createS3ObjectStore({ client: openClient(), bucket: BUCKET });
  for (const key of ['key', 'key2']) await store.put(key, BYTES);
  server.resetCounts();
}

function openReader(options: Partial<FastS3ReaderOptions> = {}, config: S3ClientConfig = {}): FastS3Reader {
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  const client = openClient(config);
  const reader = createFastS3Reader({ client, bucket: BUCKET, wait, random: () => 0.5, ...options });
  readers.push(reader);
  return reader;
}

/** A fault for the first requests of an operation. */
function first(operation: SeenS3Request['operation'], fault: S3Fault, requests = 1): S3Hook {
  return (request) => (request.operation === operation && request.number <= requests ? fault : undefined);
}

const INFO = expect.objectContaining({ key: 'key', size: BYTES.length });

const CALLS = [
  {
    name: 'get',
    operation: 'GetObject',
    action: 's3:GetObject',
    run: (reader: FastS3Reader): Promise<unknown> => reader.get('key'),
    answer: expect.objectContaining({ key: 'key', size: BYTES.length, bytes: BYTES }),
  },
  {
    name: 'get of a range',
    operation: 'GetObject',
    action: 's3:GetObject',
    run: (reader: FastS3Reader): Promise<unknown> => reader.get('key', { range: { start: 5, end: 10 } }),
    answer: expect.objectContaining({ key: 'key', size: BYTES.length, bytes: BYTES.subarray(5, 10) }),
  },
  {
    name: 'get of a range behind the end',
    operation: 'GetObject',
    action: 's3:GetObject',
    run: (reader: FastS3Reader): Promise<unknown> => reader.get('key', { range: { start: 500 } }),
    answer: expect.objectContaining({ key: 'key', size: BYTES.length, bytes: new Uint8Array() }),
  },
  {
    name: 'list',
    operation: 'ListObjectsV2',
    action: 's3:ListBucket',
    run: (reader: FastS3Reader): Promise<unknown> => reader.list({ limit: 1 }),
    answer: { objects: [INFO], more: true },
  },
] as const;

const PASSING: readonly { readonly name: string; readonly fault: S3Fault }[] = [
  { name: '503 SlowDown', fault: { kind: 'error', status: 503, code: 'SlowDown' } },
  { name: '500', fault: { kind: 'error', status: 500, code: 'InternalError' } },
  { name: '502 of a proxy', fault: { kind: 'error', status: 502, code: '' } },
  { name: '429', fault: { kind: 'error', status: 429, code: 'TooManyRequests' } },
  { name: '400 RequestTimeout', fault: { kind: 'error', status: 400, code: 'RequestTimeout' } },
  { name: 'a reset before the answer', fault: { kind: 'cut-before' } },
  { name: 'a lost answer', fault: { kind: 'cut-after' } },
  { name: 'an answer that breaks off', fault: { kind: 'cut-within' } },
  { name: 'no answer in time', fault: { kind: 'delay', ms: 60_000 } },
];

const cases = CALLS.flatMap((call) =>
  PASSING.map(({ name, fault }) => ({ name: `${call.name}, ${name}`, call, fault })),
);

function fastTimeout({ kind }: S3Fault): Partial<FastS3ReaderOptions> {
  return kind === 'delay' ? { timeoutMs: 60 } : {};
}

describe('a fault that passes', () => {
  test.each(cases)('$name: the next try succeeds', async ({ call, fault }) => {
    server.onRequest(first(call.operation, fault));
    expect(await call.run(openReader(fastTimeout(fault)))).toEqual(call.answer);
    expect(server.counts()[call.operation]).toBe(call.name.endsWith('behind the end') ? 3 : 2);
    expect(waits).toEqual([50]);
  });

  test.each(cases)('$name: when it does not pass, it says unavailable', async ({ call, fault }) => {
    server.onRequest(first(call.operation, fault, 99));
    const reader = openReader({ attempts: 3, ...fastTimeout(fault) });
    const error = await call.run(reader).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ObjectStoreUnavailableError);
    expect(error).toMatchObject({ retryable: true, message: expect.stringContaining(`${call.action} on ${BUCKET}/`) });
    expect(server.counts()[call.operation]).toBe(3);
    server.onRequest(undefined);
    expect(await call.run(reader)).toEqual(call.answer);
  });

  test('is tried again after waits that double up to 5 s, each a random part of it', async () => {
    server.onRequest(first('GetObject', { kind: 'error', status: 500, code: 'InternalError' }, 99));
    let draws = 0;
    const random = (): number => {
      draws += 1;
      return draws % 2 === 0 ? 1 : 0.25;
    };
    await expect(openReader({ attempts: 9, random }).get('key')).rejects.toThrow(ObjectStoreUnavailableError);
    expect(waits).toEqual([25, 200, 100, 800, 400, 3_200, 1_250, 5_000]);
  });

  test('a server that is not there says unavailable, and is found when it is', async () => {
    const reader = openReader({ attempts: 2 });
    await server.close();
    for (const { run } of CALLS) await expect(run(reader)).rejects.toThrow(ObjectStoreUnavailableError);
  });

  test('in the midst of a listing does not lose or double a key', async () => {
    await server.close();
    server = await startS3Server({ buckets: [BUCKET], verifySignatures: false });
    const keys = Array.from({ length: 1_200 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    for (const key of keys) await send(server, { method: 'PUT', path: `/${BUCKET}/${key}` });
    server.onRequest(({ number }) => (number % 2 === 0 ? { kind: 'cut-within' } : undefined));
    const { objects, more } = await openReader().list({ prefix: 'many/', limit: 1_200 });
    expect(objects.map(({ key }) => key)).toEqual(keys);
    expect(more).toBe(false);
    expect(server.counts().ListObjectsV2).toBe(3);
  });

  test('between the looks at an object of which nothing lies in the range: what changes each time is unavailable', async () => {
    const other = createS3ObjectStore({ client: openClient(), bucket: BUCKET });
    const reader = openReader();
    // Long when it is looked at, short when the range is asked for.
    server.onRequest(async ({ operation, number }) => {
      if (operation === 'GetObject') await other.put('key', Buffer.alloc(number % 2 === 0 ? 20 : 5, number));
      return undefined;
    });
    await expect(reader.get('key', { range: { start: 10 } })).rejects.toThrow(ObjectStoreUnavailableError);
  });

  test('an empty object, of which nothing lies in any range, is told from one that is not there', async () => {
    const other = createS3ObjectStore({ client: openClient(), bucket: BUCKET });
    const { etag } = await other.put('empty', new Uint8Array());
    const range = { start: 0, end: 5 };
    expect(await openReader().get('empty', { range })).toMatchObject({ size: 0, etag, bytes: new Uint8Array() });
    expect(await openReader().get('none', { range })).toBeUndefined();
  });
});

describe('credentials', () => {
  test('that are over are renewed once, for all requests that meet it', async () => {
    const { accessKeyId, secretAccessKey } = server.credentials;
    const asked: unknown[] = [];
    const credentials = (options?: { forceRefresh?: boolean }) => {
      asked.push(options?.forceRefresh === true);
      return Promise.resolve({ accessKeyId, secretAccessKey, expiration: new Date(Date.now() + 3_600_000) });
    };
    let release: (fault: S3Fault) => void = () => undefined;
    const expired = new Promise<S3Fault>((resolve) => {
      release = resolve;
    });
    server.onRequest(({ operation, number }) => {
      if (operation !== 'GetObject' || number > 5) return undefined;
      if (number === 5) release({ kind: 'error', status: 400, code: 'ExpiredToken' });
      return expired;
    });
    const reader = openReader({}, { credentials });
    const objects = await Promise.all(Array.from({ length: 5 }, () => reader.get('key')));
    expect(objects).toEqual(Array.from({ length: 5 }, () => INFO));
    expect(asked.filter(Boolean)).toHaveLength(1);
    expect(waits).toEqual([]);
  });

  test('that are over though they are new are an error', async () => {
    server.onRequest(first('GetObject', { kind: 'error', status: 400, code: 'ExpiredToken' }, 99));
    await expect(openReader().get('key')).rejects.toThrow(AwsAccessError);
    expect(server.counts().GetObject).toBe(2);
  });

  test('that nobody has are an error', async () => {
    const credentials = () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }));
    const reader = openReader({}, { credentials });
    for (const { run } of CALLS) await expect(run(reader)).rejects.toThrow(AwsAccessError);
  });

  test('that are lent for a time come with their token', async () => {
    await server.close();
    const credentials = { accessKeyId: 'lent', secretAccessKey: 'secret', sessionToken: 'a+long/token==' };
    server = await startS3Server({ buckets: [BUCKET], credentials });
    await fill();
    for (const { run, answer } of CALLS) expect(await run(openReader())).toEqual(answer);
    const without = openReader({}, { credentials: { accessKeyId: 'lent', secretAccessKey: 'secret' } });
    await expect(without.get('key')).rejects.toThrow(AwsAccessError);
  });
});

describe('a clock that is wrong', () => {
  test.each([-3_600_000, 3_600_000])('by %d ms is corrected once by that of S3', async (offset) => {
    await server.close();
    const clock = createManualClock(START_TIME);
    server = await startS3Server({ buckets: [BUCKET], clock: clock.now });
    const reader = openReader({ clock: { now: () => clock.now() + offset } });
    expect(await reader.get('key')).toBeUndefined();
    expect(server.counts().GetObject).toBe(2);
    clock.advance(5_000_000);
    expect(await reader.list({ limit: 1 })).toEqual({ objects: [], more: false });
    expect(server.counts().ListObjectsV2).toBe(1);
    expect(waits).toEqual([]);
  });

  test('though it was corrected is an error', async () => {
    server.onRequest(first('GetObject', { kind: 'error', status: 403, code: 'RequestTimeTooSkewed' }, 99));
    await expect(openReader().get('key')).rejects.toThrow(AwsAccessError);
    expect(server.counts().GetObject).toBe(2);
  });
});

describe('what a person must mend', () => {
  test.each(CALLS)('$name that is not allowed: the error names the action and the resource', async (call) => {
    server.onRequest(() => ({ kind: 'error', status: 403, code: 'AccessDenied' }));
    const error = await call.run(openReader()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AwsAccessError);
    const resource = call.name === 'list' ? `${BUCKET}/*` : `${BUCKET}/key`;
    expect(error).toMatchObject({ message: `${call.action} on ${resource}: AccessDenied: Injected: AccessDenied` });
    expect(server.counts()[call.operation]).toBe(1);
  });

  test.each(CALLS)(
    '$name in a bucket that is not there says so, and never that the object is missing',
    async (call) => {
      await expect(call.run(openReader({ bucket: 'another-bucket' }))).rejects.toThrow(AwsResourceError);
    },
  );

  test.each(CALLS)('$name signed for another region says which is the right one', async (call) => {
    const error = await call.run(openReader({}, { region: 'eu-west-1' })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AwsResourceError);
    expect(error).toMatchObject({
      retryable: false,
      message: expect.stringContaining('the bucket is in us-east-1, and was asked for in eu-west-1'),
    });
    expect(server.counts()[call.operation]).toBe(1);
  });

  test.each([
    [301, 'PermanentRedirect'],
    [307, 'TemporaryRedirect'],
  ])('%d %s says where the bucket is', async (status, code) => {
    const headers = { 'x-amz-bucket-region': 'ap-south-1' };
    server.onRequest(() => ({ kind: 'error', status, code, headers }));
    for (const { run } of CALLS) {
      const result = run(openReader());
      await expect(result).rejects.toThrow(AwsResourceError);
      await expect(result).rejects.toThrow('the bucket is in ap-south-1');
    }
  });
});

describe('a key that is not there', () => {
  test('is no object, after one request', async () => {
    expect(await openReader().get('none')).toBeUndefined();
    expect(server.counts()).toEqual({ GetObject: 1 });
  });

  test('when it goes between two requests about it, is no object', async () => {
    const store = createS3ObjectStore({ client: openClient(), bucket: BUCKET });
    server.onRequest(async ({ operation, number }) => {
      if (operation === 'GetObject' && number === 2) await store.delete('key');
      return undefined;
    });
    expect(await openReader().get('key', { range: { start: 500 } })).toBeUndefined();
  });
});
