import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ObjectStoreUnavailableError, type ObjectWriter, PreconditionFailedError } from '@millrace/core';
import { AwsAccessError, AwsResourceError, createS3ObjectStore, createS3ObjectWriter } from '@millrace/core/aws';
import type { S3Fault, S3Hook, S3Server, SeenS3Request } from '@millrace/core/testing/aws';
import { startS3Server } from '@millrace/core/testing/aws';
import { chunksOf, MIB, manyBytes } from '../src/testing/object-writer-samples.ts';
import { retryAtOnce } from './support/retry-at-once.ts';
import { openUploads, s3Client } from './support/s3-harness.ts';

const BUCKET = 'bucket';
const LARGE = manyBytes(5 * MIB + 100);
const SMALL = Buffer.from('small object');
const TAIL = Buffer.from('the tail');
const PARTS = [manyBytes(8 * MIB, 1), manyBytes(10, 2)];

type Operation = SeenS3Request['operation'];

let server: S3Server;
let client: S3Client;
/** What the writer waited before it tried again, in milliseconds. */
let waits: number[];

beforeEach(async () => {
  server = await startS3Server({ buckets: [BUCKET] });
  waits = [];
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

function openWriter(attempts: number, options: { bucket?: string; copyBytes?: number } = {}): ObjectWriter {
  client?.destroy();
  client = s3Client(server, { retryStrategy: retryAtOnce(attempts) });
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  return createS3ObjectWriter({ client, bucket: BUCKET, wait, ...options });
}

/** What another program does meanwhile. */
async function byAnother(bytes: Buffer): Promise<string> {
  const other = s3Client(server);
  const { etag } = await createS3ObjectStore({ client: other, bucket: BUCKET }).put('key', bytes);
  other.destroy();
  return etag;
}

/** The object, looked at without faults. */
async function present(): Promise<Buffer | undefined> {
  server.onRequest(undefined);
  const object = await createS3ObjectStore({ client, bucket: BUCKET }).get('key');
  return object && Buffer.from(object.bytes);
}

async function expectPresent(bytes: Buffer | undefined): Promise<void> {
  const found = await present();
  expect(found?.length).toBe(bytes?.length);
  expect(found === undefined || bytes?.equals(found)).toBe(true);
}

/** A fault for the first requests of an operation. */
function first(operation: Operation, fault: S3Fault, requests = 1): S3Hook {
  return (request) => (request.operation === operation && request.number <= requests ? fault : undefined);
}

interface Call {
  readonly name: string;
  /** What is there before. */
  readonly old: Buffer | undefined;
  /** In their order, each sent once. */
  readonly requests: readonly Operation[];
  run(writer: ObjectWriter, etag: string): Promise<{ readonly etag: string }>;
  readonly after: Buffer;
}

const LARGE_SPLICE: Call = {
  name: 'splice of a large object',
  old: LARGE,
  requests: ['CreateMultipartUpload', 'UploadPartCopy', 'UploadPart', 'CompleteMultipartUpload'],
  run: (writer, etag) => writer.splice('key', { etag, keep: 5 * MIB + 1, tail: TAIL }),
  after: Buffer.concat([LARGE.subarray(0, 5 * MIB + 1), TAIL]),
};

const LARGE_CHUNKS: Call = {
  name: 'putChunks of a large object',
  old: undefined,
  requests: ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
  run: (writer) => writer.putChunks('key', chunksOf(...PARTS), { condition: { kind: 'absent' } }),
  after: Buffer.concat(PARTS),
};

const CALLS: readonly Call[] = [
  LARGE_SPLICE,
  {
    name: 'splice of a small object',
    old: SMALL,
    requests: ['GetObject', 'PutObject'],
    run: (writer, etag) => writer.splice('key', { etag, keep: 6, tail: TAIL }),
    after: Buffer.concat([SMALL.subarray(0, 6), TAIL]),
  },
  LARGE_CHUNKS,
  {
    ...LARGE_CHUNKS,
    name: 'putChunks of a large object without a condition',
    run: (writer) => writer.putChunks('key', chunksOf(...PARTS)),
  },
  {
    name: 'putChunks of a small object',
    old: SMALL,
    requests: ['PutObject'],
    run: (writer, etag) => writer.putChunks('key', chunksOf(TAIL), { condition: { kind: 'unchanged', etag } }),
    after: TAIL,
  },
  {
    name: 'putChunks of a small object without a condition',
    old: SMALL,
    requests: ['PutObject'],
    run: (writer) => writer.putChunks('key', chunksOf(TAIL)),
    after: TAIL,
  },
];

const steps = CALLS.flatMap((call) => call.requests.map((operation) => ({ name: call.name, call, operation })));
/** Without a condition only the completion is another one. */
const FAULTY_STEPS = steps.filter(
  ({ call, operation }) =>
    !call.name.endsWith('large object without a condition') || operation === 'CompleteMultipartUpload',
);

const PASSING: readonly S3Fault[] = [
  { kind: 'error', status: 503, code: 'SlowDown' },
  { kind: 'error', status: 500, code: 'InternalError' },
  { kind: 'cut-before' },
  { kind: 'cut-after' },
];

/** Uploads that nobody can know of: the answer to their start was lost. */
function strayUploads(operation: Operation, fault: S3Fault): readonly string[] {
  return operation === 'CreateMultipartUpload' && fault.kind === 'cut-after' ? ['key'] : [];
}

async function prepare({ old }: Call): Promise<string> {
  const etag = old === undefined ? '' : await byAnother(old);
  server.resetCounts();
  return etag;
}

test.each(CALLS)('$name needs $requests', async (call) => {
  const etag = await prepare(call);
  const writer = openWriter(1);
  const written = await call.run(writer, etag);
  const expected: Partial<Record<Operation, number>> = Object.fromEntries(call.requests.map((name) => [name, 1]));
  if (call.after.length > 8 * MIB) expected.UploadPart = PARTS.length;
  expect(server.counts()).toEqual(expected);
  await expectPresent(call.after);
  expect((await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'key' }))).ETag).toBe(written.etag);
});

describe('a fault that passes', () => {
  test.each(FAULTY_STEPS)('of $operation in $name: the retry of the client succeeds', async ({ call, operation }) => {
    for (const fault of PASSING) {
      const etag = await prepare(call);
      const writer = openWriter(2);
      server.onRequest(first(operation, fault));
      await call.run(writer, etag);
      await expectPresent(call.after);
      expect(await openUploads(client, BUCKET)).toEqual(strayUploads(operation, fault));
      await startAnew();
    }
  });

  test.each(FAULTY_STEPS)(
    'of $operation in $name: without retries it says unavailable and leaves nothing, or succeeds for sure',
    async ({ call, operation }) => {
      for (const fault of PASSING) {
        const etag = await prepare(call);
        const writer = openWriter(1);
        server.onRequest(first(operation, fault));
        const isLastStep = operation === call.requests.at(-1);
        const isConditional = !call.name.endsWith('without a condition');
        const isFoundOut = isLastStep && fault.kind === 'cut-after' && (isConditional || call.requests.length > 1);
        const result = call.run(writer, etag);
        if (isFoundOut) await result;
        else await expect(result).rejects.toThrow(ObjectStoreUnavailableError);
        const tookEffect = isLastStep && fault.kind === 'cut-after';
        await expectPresent(tookEffect ? call.after : call.old);
        expect(await openUploads(client, BUCKET)).toEqual(strayUploads(operation, fault));
        if (!tookEffect) await call.run(writer, etag);
        await expectPresent(call.after);
        await startAnew();
      }
    },
  );

  /** Another empty bucket of the same name. */
  async function startAnew(): Promise<void> {
    client.destroy();
    await server.close();
    server = await startS3Server({ buckets: [BUCKET] });
  }

  test('of the abort does not hide why the upload failed', async () => {
    const etag = await prepare(LARGE_SPLICE);
    const writer = openWriter(1);
    server.onRequest(({ operation }) => {
      if (operation === 'UploadPart') return { kind: 'error', status: 403, code: 'AccessDenied' };
      return operation === 'AbortMultipartUpload' ? { kind: 'error', status: 500, code: 'InternalError' } : undefined;
    });
    await expect(LARGE_SPLICE.run(writer, etag)).rejects.toThrow(AwsAccessError);
    expect(server.counts().AbortMultipartUpload).toBe(1);
    await expectPresent(LARGE);
  });
});

describe('a completion that meets others', () => {
  test('is found to be the own one, though its upload is over when it is sent again', async () => {
    const writer = openWriter(2);
    server.onRequest(first('CompleteMultipartUpload', { kind: 'cut-after' }));
    const { etag } = await LARGE_CHUNKS.run(writer, '');
    expect(server.counts().CompleteMultipartUpload).toBe(2);
    expect(await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'key' }))).toMatchObject({ ETag: etag });
  });

  test('is not taken for the own one when another has replaced what it wrote', async () => {
    const writer = openWriter(2);
    server.onRequest(async ({ operation, number }) => {
      if (operation !== 'CompleteMultipartUpload') return undefined;
      if (number === 2) await byAnother(SMALL);
      return number === 1 ? { kind: 'cut-after' } : undefined;
    });
    await expect(LARGE_CHUNKS.run(writer, '')).rejects.toThrow(ObjectStoreUnavailableError);
    await expectPresent(SMALL);
  });

  test('loses when another has written between the copy and the completion', async () => {
    const etag = await prepare(LARGE_SPLICE);
    const writer = openWriter(2);
    server.onRequest(async ({ operation }) => {
      if (operation === 'CompleteMultipartUpload') await byAnother(SMALL);
      return undefined;
    });
    await expect(LARGE_SPLICE.run(writer, etag)).rejects.toThrow(PreconditionFailedError);
    await expectPresent(SMALL);
    expect(await openUploads(client, BUCKET)).toEqual([]);
  });

  test('loses when another has deleted the object meanwhile', async () => {
    const etag = await prepare(LARGE_SPLICE);
    const writer = openWriter(2);
    const other = createS3ObjectStore({ client, bucket: BUCKET });
    server.onRequest(async ({ operation }) => {
      if (operation === 'CompleteMultipartUpload') await other.delete('key');
      return undefined;
    });
    await expect(LARGE_SPLICE.run(writer, etag)).rejects.toThrow(PreconditionFailedError);
    await expectPresent(undefined);
    expect(await openUploads(client, BUCKET)).toEqual([]);
  });

  test('of an upload that somebody has aborted says unavailable, and the object is as it was', async () => {
    const etag = await prepare(LARGE_SPLICE);
    const writer = openWriter(1);
    server.onRequest(first('CompleteMultipartUpload', { kind: 'error', status: 404, code: 'NoSuchUpload' }));
    await expect(LARGE_SPLICE.run(writer, etag)).rejects.toThrow(ObjectStoreUnavailableError);
    await expectPresent(LARGE);
  });

  test.each([1, 4])('is tried again after %d conflicts, each time after a longer wait', async (conflicts) => {
    const etag = await prepare(LARGE_SPLICE);
    const writer = openWriter(3);
    const conflict: S3Fault = { kind: 'error', status: 409, code: 'ConditionalRequestConflict' };
    server.onRequest(first('CompleteMultipartUpload', conflict, conflicts));
    await LARGE_SPLICE.run(writer, etag);
    expect(waits).toEqual([50, 100, 200, 400].slice(0, conflicts));
    await expectPresent(LARGE_SPLICE.after);
  });

  test('is unavailable when the conflicts do not end, and nothing stays', async () => {
    const etag = await prepare(LARGE_SPLICE);
    const writer = openWriter(3);
    server.onRequest(
      first('CompleteMultipartUpload', { kind: 'error', status: 409, code: 'ConditionalRequestConflict' }, 9),
    );
    await expect(LARGE_SPLICE.run(writer, etag)).rejects.toThrow(ObjectStoreUnavailableError);
    expect(server.counts()).toMatchObject({ CompleteMultipartUpload: 5, UploadPart: 1 });
    await expectPresent(LARGE);
    expect(await openUploads(client, BUCKET)).toEqual([]);
  });
});

describe('what a person must mend', () => {
  test.each(steps)('$operation in $name: the error names the action and the object', async ({ call, operation }) => {
    const etag = await prepare(call);
    const writer = openWriter(3);
    server.onRequest(first(operation, { kind: 'error', status: 403, code: 'AccessDenied' }));
    const error = await call.run(writer, etag).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AwsAccessError);
    const action = operation === 'GetObject' ? 's3:GetObject' : 's3:PutObject';
    expect(error).toMatchObject({ message: `${action} on ${BUCKET}/key: AccessDenied: Injected: AccessDenied` });
    await expectPresent(call.old);
    expect(await openUploads(client, BUCKET)).toEqual([]);
  });

  test.each(CALLS)('$name in a bucket that is not there', async (call) => {
    const writer = openWriter(3, { bucket: 'another-bucket' });
    await expect(call.run(writer, '"x"')).rejects.toThrow(AwsResourceError);
  });
});

test('an object that is larger than one copy is copied in several', async () => {
  const old = manyBytes(21 * MIB);
  const etag = await byAnother(old);
  const writer = openWriter(1, { copyBytes: 10 * MIB });
  server.resetCounts();
  await writer.splice('key', { etag, keep: old.length, tail: TAIL });
  expect(server.counts()).toMatchObject({ UploadPartCopy: 3, UploadPart: 1 });
  await expectPresent(Buffer.concat([old, TAIL]));
});
