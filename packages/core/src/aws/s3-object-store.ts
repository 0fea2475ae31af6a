/** `ObjectStore` in an S3 bucket, or below a prefix of one. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { assertByteRange, assertObjectKey, assertObjectQuery, type ObjectStore } from '../ports/object-store.ts';
import { putUnderCondition } from './s3-conditional-put.ts';
import { callingS3, callOf, type S3Place, told } from './s3-errors.ts';
import { listObjects } from './s3-listing.ts';
import { lookAtObject, readObject } from './s3-reading.ts';

export interface S3ObjectStoreOptions {
  /** Its retries, timeouts and connections are the caller's choice: every request here may safely be sent twice. */
  readonly client: S3Client;
  readonly bucket: string;
  /** What the keys in the bucket begin with, before those of the store (`data/`). */
  readonly prefix?: string;
  /** Another text on every call; tells an own write from another's. */
  readonly newToken?: () => string;
  /** Waits so many milliseconds before a write that met another one is tried again. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Errors beside those of the port: `AwsAccessError`, `AwsResourceError`. */
export function createS3ObjectStore(options: S3ObjectStoreOptions): ObjectStore {
  const { client, bucket, prefix: base = '', newToken = randomUUID, wait = sleep } = options;

  const using = async <T>(action: string, key: string, work: (place: S3Place) => Promise<T>): Promise<T> => {
    assertObjectKey(key);
    assertObjectKey(base + key);
    const place = { Bucket: bucket, Key: base + key };
    return await callingS3(callOf(action, place), () => work(place));
  };

  return {
    get: (key, { range } = {}) =>
      using('s3:GetObject', key, async (place) => {
        if (range !== undefined) assertByteRange(range);
        return await readObject(client, place, key, range);
      }),

    head: (key) => using('s3:GetObject', key, (place) => lookAtObject(client, place, key)),

    put: (key, bytes, { condition } = {}) =>
      using('s3:PutObject', key, async (place) => {
        if (condition !== undefined) {
          return { etag: await putUnderCondition({ client, newToken, wait }, { place, key, bytes, condition }) };
        }
        const { ETag } = await client.send(new PutObjectCommand({ ...place, Body: bytes }));
        return { etag: told(ETag) };
      }),

    delete: (key) =>
      using('s3:DeleteObject', key, async (place) => {
        await client.send(new DeleteObjectCommand(place));
      }),

    list: async (query) => {
      assertObjectQuery(query);
      const place = { Bucket: bucket, Key: `${base}${query.prefix ?? ''}*` };
      return await callingS3(callOf('s3:ListBucket', place), () => listObjects(client, bucket, base, query));
    },
  };
}
