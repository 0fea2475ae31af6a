import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ObjectStore, ObjectStoreUnavailableError } from '@millrace/core';
import { AwsAccessError, AwsResourceError, createS3ObjectStore } from '@millrace/core/aws';
import type { S3Fault, S3Hook, S3Server, SeenS3Request } from '@millrace/core/testing/aws';
import { startS3Server } from '@millrace/core/testing/aws';
import { retryAtOnce } from './support/retry-at-once.ts';
import { s3Client } from './support/s3-harness.ts';

const BUCKET = 'bucket';
const OLD = Buffer.from('old');
const NEW = Buffer.from('new bytes');

let server: S3Server;
let client: S3Client;

beforeEach(async () => {
  server = await startS3Server({ buckets: [BUCKET] });
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

function openStore(attempts: number, bucket = BUCKET): ObjectStore {
  client = s3Client(server, { retryStrategy: retryAtOnce(attempts) });
  return createS3ObjectStore({ client, bucket, wait: () => Promise.resolve() });
}

/** A fault for the first requests of an operation. */
function first(operation: SeenS3Request['operation'], fault: S3Fault, requests = 1): S3Hook {
  return (request) => (request.operation === operation && request.number <= requests ? fault : undefined);
}

async function textOf(store: ObjectStore): Promise<string | undefined> {
  const object = await store.get('key');
  return object && Buffer.from(object.bytes).toString();
}

interface Call {
  readonly name: string;
  readonly operation: SeenS3Request['operation'];
  readonly action: string;
  run(store: ObjectStore, etag: string): Promise<unknown>;
  /** What it says and what is there once it has taken effect. */
  readonly answer: unknown;
  readonly after: string | undefined;
}

const WRITTEN = { etag: expect.any(String) };

const READS: readonly Call[] = [
  {
    name: 'get',
    operation: 'GetObject',
    action: 's3:GetObject',
    run: (store) => store.get('key'),
    answer: expect.objectContaining({ size: 3 }),
    after: 'old',
  },
  {
    name: 'get of a range',
    operation: 'GetObject',
    action: 's3:GetObject',
    run: (store) => store.get('key', { range: { start: 1, end: 3 } }),
    answer: expect.objectContaining({ size: 3 }),
    after: 'old',
  },
  {
    name: 'head',
    operation: 'HeadObject',
    action: 's3:GetObject',
    run: (store) => store.head('key'),
    answer: expect.objectContaining({ size: 3 }),
    after: 'old',
  },
  {
    name: 'list',
    operation: 'ListObjectsV2',
    action: 's3:ListBucket',
    run: (store) => store.list({ limit: 5 }),
    answer: { objects: [expect.objectContaining({ key: 'key' })], more: false },
    after: 'old',
  },
];

const PUT: Call = {
  name: 'put',
  operation: 'PutObject',
  action: 's3:PutObject',
  run: (store) => store.put('key', NEW),
  answer: WRITTEN,
  after: 'new bytes',
};

const CONDITIONAL: readonly Call[] = [
  {
    ...PUT,
    name: 'put of an unchanged object',
    run: (store, etag) => store.put('key', NEW, { condition: { kind: 'unchanged', etag } }),
  },
  {
    ...PUT,
    name: 'put of an absent object',
    run: (store) => store.put('key', NEW, { condition: { kind: 'absent' } }),
  },
];

const DELETE: Call = {
  name: 'delete',
  operation: 'DeleteObject',
  action: 's3:DeleteObject',
  run: (store) => store.delete('key'),
  answer: undefined,
  after: undefined,
};

const CALLS = [...READS, PUT, ...CONDITIONAL, DELETE];

const PASSING: readonly S3Fault[] = [
  { kind: 'error', status: 503, code: 'SlowDown' },
  { kind: 'error', status: 500, code: 'InternalError' },
  { kind: 'error', status: 400, code: 'RequestTimeout' },
  { kind: 'cut-before' },
  { kind: 'cut-after' },
];

const cases = CALLS.flatMap((call) =>
  PASSING.map((fault) => ({ name: `${call.name}, ${'code' in fault ? fault.code : fault.kind}`, call, fault })),
);

/** An object that is there already, but for the call that wants none. */
async function prepare(call: Call): Promise<string> {
  if (call.name.includes('absent')) return '';
  const store = openStore(1);
  const { etag } = await store.put('key', OLD);
  client.destroy();
  server.resetCounts();
  return etag;
}

describe('a fault that passes', () => {
  test.each(cases)('$name: the retry of the client succeeds', async ({ call, fault }) => {
    const etag = await prepare(call);
    const store = openStore(2);
    server.onRequest(first(call.operation, fault));
    expect(await call.run(store, etag)).toEqual(call.answer);
    expect(await textOf(store)).toBe(call.after);
  });

  test.each(cases)('$name: a call without retries says unavailable, or succeeds for sure', async ({ call, fault }) => {
    const etag = await prepare(call);
    const store = openStore(1);
    server.onRequest(first(call.operation, fault));
    const result = call.run(store, etag);
    // A conditional write looks whether it took effect. HEAD has no code in its answer, and asks again to get one.
    const isFoundOut =
      (CONDITIONAL.includes(call) && fault.kind === 'cut-after') ||
      (call.name === 'head' && fault.kind === 'error' && fault.status === 400);
    if (isFoundOut) {
      expect(await result).toEqual(call.answer);
    } else {
      const error = await result.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ObjectStoreUnavailableError);
      expect(error).toMatchObject({
        retryable: true,
        message: expect.stringContaining(`${call.action} on ${BUCKET}/`),
      });
      expect(await call.run(store, etag)).toEqual(call.answer);
    }
    expect(await textOf(store)).toBe(call.after);
  });

  test.each(READS.filter(({ operation }) => operation !== 'HeadObject'))(
    'an answer to $name that breaks off within its body says unavailable',
    async (call) => {
      await prepare(call);
      const store = openStore(1);
      server.onRequest(first(call.operation, { kind: 'cut-within' }));
      await expect(call.run(store, '')).rejects.toThrow(ObjectStoreUnavailableError);
      expect(await call.run(store, '')).toEqual(call.answer);
    },
  );

  test('bytes that do not fit their sum say unavailable', async () => {
    await prepare(PUT);
    const store = openStore(1);
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const transformToByteArray = () => Promise.reject(new Error('Checksum mismatch'));
        Object.assign((result.output as { Body?: object }).Body ?? {}, { transformToByteArray });
        return result;
      },
      { step: 'initialize' },
    );
    await expect(store.get('key')).rejects.toThrow(ObjectStoreUnavailableError);
  });

  test('a server that is not there says unavailable', async () => {
    const store = openStore(1);
    await server.close();
    for (const call of CALLS) await expect(call.run(store, '"x"')).rejects.toThrow(ObjectStoreUnavailableError);
  });

  test('an answer that takes too long says unavailable', async () => {
    await prepare(PUT);
    server.onRequest(() => ({ kind: 'delay', ms: 60_000 }));
    client = s3Client(server, {
      retryStrategy: retryAtOnce(1),
      requestHandler: { requestTimeout: 40, throwOnRequestTimeout: true },
    });
    const store = createS3ObjectStore({ client, bucket: BUCKET });
    await expect(store.put('key', NEW)).rejects.toThrow(ObjectStoreUnavailableError);
  });
});

describe('what a person must mend', () => {
  const refusals = CALLS.flatMap((call) =>
    [
      { status: 403, code: 'AccessDenied' },
      { status: 400, code: 'ExpiredToken' },
      { status: 403, code: 'InvalidAccessKeyId' },
    ].map(({ status, code }) => ({ name: `${call.name}, ${code}`, call, status, code })),
  );

  test.each(refusals)('$name: the error names the action and the resource', async ({ call, status, code }) => {
    await prepare(call);
    const store = openStore(3);
    server.onRequest(() => ({ kind: 'error', status, code }));
    const error = await call.run(store, '"x"').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AwsAccessError);
    const resource = call.name === 'list' ? `${BUCKET}/*` : `${BUCKET}/key`;
    expect(error).toMatchObject({
      retryable: false,
      message: `${call.action} on ${resource}: ${code}: Injected: ${code}`,
    });
  });

  test.each(CALLS)(
    '$name in a bucket that is not there says so, and never that the object is missing',
    async (call) => {
      const store = openStore(3, 'another-bucket');
      await expect(call.run(store, '"x"')).rejects.toThrow(AwsResourceError);
    },
  );

  test('a key that may not be looked at while it may be read is an error, not an endless question', async () => {
    await prepare(PUT);
    const store = openStore(1);
    server.onRequest(({ operation }) =>
      operation === 'HeadObject' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
    );
    await expect(store.head('key')).rejects.toThrow();
    expect(server.counts().HeadObject).toBeLessThan(10);
  });
});

describe('a store below a prefix', () => {
  test('sees only what lies there, under keys without the prefix', async () => {
    const whole = openStore(1);
    const part = createS3ObjectStore({ client, bucket: BUCKET, prefix: 'data/é ' });
    for (const key of ['data/', 'data/é', 'data/é a', 'data/é b/c', 'data/é!', 'z']) await whole.put(key, NEW);
    const { objects } = await part.list({ limit: 9 });
    expect(objects.map(({ key }) => key)).toEqual(['a', 'b/c']);
    expect((await part.list({ limit: 9, prefix: 'b', startAfter: 'a' })).objects).toHaveLength(1);
    await part.put('new', OLD, { condition: { kind: 'absent' } });
    expect(await whole.head('data/é new')).toMatchObject({ size: 3 });
    await part.delete('a');
    expect(await whole.head('data/é a')).toBeUndefined();
  });
});
