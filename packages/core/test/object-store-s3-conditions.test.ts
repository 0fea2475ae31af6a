import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ObjectStore, ObjectStoreUnavailableError, PreconditionFailedError } from '@millrace/core';
import { createS3ObjectStore } from '@millrace/core/aws';
import type { S3Fault, S3Hook, S3Server, SeenS3Request } from '@millrace/core/testing/aws';
import { startS3Server } from '@millrace/core/testing/aws';
import { retryAtOnce } from './support/retry-at-once.ts';
import { s3Client } from './support/s3-harness.ts';

const BUCKET = 'bucket';
const OLD = Buffer.from('old');
const NEW = Buffer.from('new bytes');

let server: S3Server;
let clients: S3Client[];
/** What the stores waited before they tried again, in milliseconds. */
let waits: number[];

beforeEach(async () => {
  server = await startS3Server({ buckets: [BUCKET] });
  clients = [];
  waits = [];
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  await server.close();
});

function openStore(attempts: number): ObjectStore {
  const client = s3Client(server, { retryStrategy: retryAtOnce(attempts) });
  clients.push(client);
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  return createS3ObjectStore({ client, bucket: BUCKET, wait });
}

/** A fault for the first requests of an operation. */
function first(operation: SeenS3Request['operation'], fault: S3Fault, requests = 1): S3Hook {
  return (request) => (request.operation === operation && request.number <= requests ? fault : undefined);
}

async function putOld(): Promise<string> {
  const { etag } = await openStore(1).put('key', OLD);
  server.resetCounts();
  return etag;
}

async function textOf(store: ObjectStore): Promise<string | undefined> {
  const object = await store.get('key');
  return object && Buffer.from(object.bytes).toString();
}

describe('a conditional write that meets others', () => {
  test('a lost answer is found to be the own write, though another wanted the object absent too', async () => {
    const store = openStore(2);
    server.onRequest(first('PutObject', { kind: 'cut-after' }));
    const { etag } = await store.put('key', NEW, { condition: { kind: 'absent' } });
    expect(await store.head('key')).toMatchObject({ etag });
    await expect(store.put('key', NEW, { condition: { kind: 'absent' } })).rejects.toThrow(PreconditionFailedError);
  });

  test.each([1, 2])(
    'the same bytes of another writer are not taken for the own, with %d attempts',
    async (attempts) => {
      await putOld();
      const other = openStore(1);
      await other.put('key', NEW);
      const store = openStore(attempts);
      server.resetCounts();
      server.onRequest(first('PutObject', { kind: 'cut-before' }));
      const result = store.put('key', NEW, { condition: { kind: 'absent' } });
      // Without a retry nobody has said yet that the condition does not hold.
      await expect(result).rejects.toThrow(attempts === 1 ? ObjectStoreUnavailableError : PreconditionFailedError);
    },
  );

  test('a write that took effect and was replaced before anyone could look is not taken for the one that is there', async () => {
    const store = openStore(2);
    const other = openStore(1);
    server.onRequest(async ({ operation, number }) => {
      if (operation === 'HeadObject') await other.put('key', OLD);
      return operation === 'PutObject' && number === 1 ? { kind: 'cut-after' } : undefined;
    });
    await expect(store.put('key', NEW, { condition: { kind: 'absent' } })).rejects.toThrow(PreconditionFailedError);
    server.onRequest(undefined);
    expect(await textOf(store)).toBe('old');
  });

  test.each([1, 2, 3, 4])('is tried again after %d conflicts, each time after a longer wait', async (conflicts) => {
    const store = openStore(3);
    const conflict: S3Fault = { kind: 'error', status: 409, code: 'ConditionalRequestConflict' };
    server.onRequest(first('PutObject', conflict, conflicts));
    await store.put('key', NEW, { condition: { kind: 'absent' } });
    expect(waits).toEqual([50, 100, 200, 400].slice(0, conflicts));
    expect(server.counts().PutObject).toBe(conflicts + 1);
  });

  test('is unavailable when the conflicts do not end', async () => {
    const store = openStore(3);
    server.onRequest(first('PutObject', { kind: 'error', status: 409, code: 'ConditionalRequestConflict' }, 99));
    const result = store.put('key', NEW, { condition: { kind: 'absent' } });
    await expect(result).rejects.toThrow(ObjectStoreUnavailableError);
    expect(server.counts().PutObject).toBe(5);
    expect(waits).toHaveLength(4);
  });

  test('is lost when the conflict was with the write of another', async () => {
    const etag = await putOld();
    const store = openStore(1);
    const other = openStore(1);
    let isFirst = true;
    server.onRequest(async ({ operation }) => {
      if (operation !== 'PutObject' || !isFirst) return undefined;
      isFirst = false;
      await other.put('key', Buffer.from('other'));
      return { kind: 'error', status: 409, code: 'ConditionalRequestConflict' };
    });
    const result = store.put('key', NEW, { condition: { kind: 'unchanged', etag } });
    await expect(result).rejects.toThrow(PreconditionFailedError);
    expect(await textOf(store)).toBe('other');
  });

  test('a refusal that is certain costs no second request', async () => {
    await putOld();
    const store = openStore(3);
    server.resetCounts();
    await expect(store.put('key', NEW, { condition: { kind: 'absent' } })).rejects.toThrow(PreconditionFailedError);
    expect(server.counts()).toEqual({ PutObject: 1 });
  });

  test('a write without a condition that meets another one is unavailable', async () => {
    const store = openStore(1);
    server.onRequest(first('PutObject', { kind: 'error', status: 409, code: 'OperationAborted' }));
    await expect(store.put('key', NEW)).rejects.toThrow(ObjectStoreUnavailableError);
  });
});
