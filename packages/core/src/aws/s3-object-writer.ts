/** `ObjectWriter` in an S3 bucket, or below a prefix of one. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { assertObjectKey, PreconditionFailedError } from '../ports/object-store.ts';
import { assertObjectSplice, type ObjectSplice, type ObjectWriter, splicedTooMuch } from '../ports/object-writer.ts';
import { putUnderCondition } from './s3-conditional-put.ts';
import { answerOf, callingS3, callOf, told } from './s3-errors.ts';
import { MIN_PART_BYTES, writeParts } from './s3-multipart.ts';
import { copiedRanges, cutParts, gatherParts, partBytes } from './s3-object-parts.ts';
import type { S3ObjectStoreOptions } from './s3-object-store.ts';
import { lookAtObject, readObject } from './s3-reading.ts';
import type { WriteOnceDeps, WriteTarget } from './s3-write-once.ts';

export interface S3ObjectWriterOptions extends S3ObjectStoreOptions {
  /** What one request copies at most: from 10 MiB to 5 GiB. Default: 512 MiB, which S3 copies in some seconds. */
  readonly copyBytes?: number;
}

/**
 * A splice that keeps more than 5 MiB sends none of them: S3 copies them. Needs the permissions s3:GetObject,
 * s3:PutObject and s3:AbortMultipartUpload.
 *
 * Errors beside those of the port: `AwsAccessError`, `AwsResourceError`.
 */
export function createS3ObjectWriter(options: S3ObjectWriterOptions): ObjectWriter {
  const { client, bucket, prefix: base = '', newToken = randomUUID, wait = sleep, copyBytes } = options;
  const deps = { client, newToken, wait };

  const targetOf = (key: string, condition: WriteTarget['condition']): WriteTarget => {
    assertObjectKey(key);
    assertObjectKey(base + key);
    return { key, place: { Bucket: bucket, Key: base + key }, condition };
  };

  return {
    async splice(key, change) {
      assertObjectSplice(change);
      const target = targetOf(key, { kind: 'unchanged', etag: change.etag });
      const isCopied = change.keep > MIN_PART_BYTES;
      const etag = await (isCopied ? spliceParts(deps, target, change, copyBytes) : spliceWhole(deps, target, change));
      return { etag };
    },

    async putChunks(key, chunks, { condition } = {}) {
      return { etag: await writeChunks(deps, targetOf(key, condition), chunks) };
    },
  };
}

/** S3 copies ranges of objects of more than 5 MiB only, and into parts of 5 MiB at least. */
async function spliceParts(
  deps: WriteOnceDeps,
  target: WriteTarget,
  { etag, keep, tail }: ObjectSplice,
  copyBytes: number | undefined,
): Promise<string> {
  try {
    return await writeParts(deps, target, [...copiedRanges(etag, keep, copyBytes), ...cutParts(tail)]);
  } catch (error) {
    throw await whySpliceFailed(deps, target, { etag, keep, tail }, error);
  }
}

/** A copy is refused with 412 or 404 when the object is another or gone, and with one of two codes when it is shorter. */
async function whySpliceFailed(
  { client }: WriteOnceDeps,
  { place, key }: WriteTarget,
  { etag, keep }: ObjectSplice,
  error: unknown,
): Promise<unknown> {
  const { status, code } = answerOf(error);
  const refusal = new PreconditionFailedError(key, { kind: 'unchanged', etag }, { cause: error });
  if (status === 412 || code === 'NoSuchKey') return refusal;
  if (code !== 'InvalidArgument' && code !== 'InvalidRange') return error;
  const found = await callingS3(callOf('s3:GetObject', place), () => lookAtObject(client, place, key));
  if (found?.etag !== etag) return refusal;
  return found.size < keep ? splicedTooMuch(key, keep, found.size) : error;
}

async function spliceWhole(
  deps: WriteOnceDeps,
  { place, key }: WriteTarget,
  { etag, keep, tail }: ObjectSplice,
): Promise<string> {
  const condition = { kind: 'unchanged', etag } as const;
  let kept: Uint8Array = new Uint8Array();
  if (keep > 0) {
    const range = { start: 0, end: keep };
    const found = await callingS3(callOf('s3:GetObject', place), () => readObject(deps.client, place, key, range));
    if (found?.etag !== etag) throw new PreconditionFailedError(key, condition);
    if (found.size < keep) throw splicedTooMuch(key, keep, found.size);
    kept = found.bytes;
  }
  return await putUnderCondition(deps, { place, key, condition, bytes: Buffer.concat([kept, tail]) });
}

async function writeChunks(
  deps: WriteOnceDeps,
  target: WriteTarget,
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const parts = gatherParts(chunks);
  try {
    const { value: first = new Uint8Array() } = await parts.next();
    return await (first.length < partBytes(1)
      ? putWhole(deps, target, first)
      : writeParts(deps, target, withFirst(first, parts)));
  } catch (error) {
    await parts.return().catch(() => undefined);
    throw error;
  }
}

async function* withFirst<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function putWhole(deps: WriteOnceDeps, target: WriteTarget, bytes: Uint8Array): Promise<string> {
  const { place, condition } = target;
  if (condition !== undefined) return await putUnderCondition(deps, { ...target, condition, bytes });
  const { ETag } = await callingS3(callOf('s3:PutObject', place), () =>
    deps.client.send(new PutObjectCommand({ ...place, Body: bytes })),
  );
  return told(ETag);
}
