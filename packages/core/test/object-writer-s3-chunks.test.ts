import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ObjectStoreUnavailableError, type ObjectWriter } from '@millrace/core';
import { AwsAccessError, createS3ObjectWriter } from '@millrace/core/aws';
import type { S3Fault } from '@millrace/core/testing/aws';
import { MIB } from '../src/testing/object-writer-samples.ts';
import { retryAtOnce } from './support/retry-at-once.ts';
import { openUploads, s3Client, useS3Server } from './support/s3-harness.ts';

const BUCKET = 'bucket';

const s3 = useS3Server({ buckets: [BUCKET] });
let client: S3Client;

beforeEach(() => {
  client = s3Client(s3().server, { retryStrategy: retryAtOnce(1) });
  s3().server.resetCounts();
});
afterEach(() => {
  s3().server.onRequest(undefined);
  client.destroy();
});

function openWriter(): ObjectWriter {
  return createS3ObjectWriter({ client, bucket: BUCKET, wait: () => Promise.resolve() });
}

/** 1 MiB at a time, without end. */
async function* endless(asked: { chunks: number; isEnded: boolean }): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(MIB);
  try {
    for (;;) {
      await Promise.resolve();
      asked.chunks += 1;
      yield chunk;
    }
  } finally {
    asked.isEnded = true;
  }
}

describe('chunks', () => {
  test('are not asked for while S3 takes none: a few parts are in memory', async () => {
    const writer = openWriter();
    const asked = { chunks: 0, isEnded: false };
    let fail: (fault: S3Fault) => void = () => undefined;
    const held = new Promise<S3Fault>((resolve) => {
      fail = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      s3().server.onRequest(({ operation, number }) => {
        if (operation !== 'UploadPart') return undefined;
        if (number === 3) resolve();
        return held;
      });
    });
    const result = writer.putChunks('key', endless(asked));
    await reached;
    // What could come, has come.
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(asked.chunks).toBeLessThanOrEqual(5 * 8);
    fail({ kind: 'error', status: 500, code: 'InternalError' });
    await expect(result).rejects.toThrow(ObjectStoreUnavailableError);
    expect(asked.isEnded).toBe(true);
    s3().server.onRequest(undefined);
    expect(await openUploads(s3().client, BUCKET)).toEqual([]);
  });

  test('end when the upload cannot be begun', async () => {
    const writer = openWriter();
    const asked = { chunks: 0, isEnded: false };
    s3().server.onRequest(({ operation }) =>
      operation === 'CreateMultipartUpload' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
    );
    await expect(writer.putChunks('key', endless(asked))).rejects.toThrow(AwsAccessError);
    expect(asked.isEnded).toBe(true);
  });

  test('end when a part fails, and none is under way when the upload is aborted', async () => {
    const writer = openWriter();
    const asked = { chunks: 0, isEnded: false };
    let underWay = 0;
    let underWayAtAbort = Number.NaN;
    let second = (): void => undefined;
    const isSecondThere = new Promise<void>((resolve) => {
      second = resolve;
    });
    s3().server.onRequest(async ({ operation, number }) => {
      if (operation === 'AbortMultipartUpload') underWayAtAbort = underWay;
      if (operation !== 'UploadPart') return undefined;
      underWay += 1;
      if (number === 2) second();
      await isSecondThere;
      // The first one fails while the others go on for a while.
      if (number > 1) await new Promise((resolve) => setTimeout(resolve, 50));
      underWay -= 1;
      return number === 1 ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
    });
    await expect(writer.putChunks('key', endless(asked))).rejects.toThrow(AwsAccessError);
    expect(asked.isEnded).toBe(true);
    expect(underWayAtAbort).toBe(0);
    expect(await openUploads(s3().client, BUCKET)).toEqual([]);
  });
});
