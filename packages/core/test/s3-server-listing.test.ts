import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from '@jest/globals';
import { uniqueId } from '@millrace/core/testing';
import fc from 'fast-check';
import { fromByteString, toByteString } from '../src/testing/aws/s3-server/bucket.ts';
import { createKeyIndex } from '../src/testing/aws/s3-server/key-index.ts';
import { listPage } from '../src/testing/aws/s3-server/listing.ts';
import { aPrefix, inByteOrder, someKeys } from '../src/testing/object-store-samples.ts';
import { useS3Server } from './support/s3-harness.ts';

/** Fewer than the client has connections. */
const AT_ONCE = 25;
const TIMEOUT_MS = 60_000;

const s3 = useS3Server({ verifySignatures: false });

async function bucketWith(keys: readonly string[]): Promise<string> {
  const Bucket = uniqueId('bucket');
  await s3().client.send(new CreateBucketCommand({ Bucket }));
  for (let start = 0; start < keys.length; start += AT_ONCE) {
    const some = keys.slice(start, start + AT_ONCE);
    await Promise.all(some.map((Key) => s3().client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
  }
  return Bucket;
}

function list(input: ListObjectsV2CommandInput) {
  return s3().client.send(new ListObjectsV2Command(input));
}

describe('a page, by the rule alone', () => {
  const listings = someKeys(0, 12).chain((keys) =>
    fc.record({
      keys: fc.constant(keys),
      prefix: aPrefix(keys),
      startAfter: aPrefix(keys),
      delimiter: fc.constantFrom('', '/', 'a', 'xx'),
      maxKeys: fc.integer({ min: 1, max: 6 }),
    }),
  );

  /** What a listing of everything shows: keys and groups in one order. */
  function expected(keys: readonly string[], prefix: string, startAfter: string, delimiter: string): string[] {
    const shown = new Set<string>();
    for (const key of inByteOrder(keys)) {
      const isBehind = Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0;
      if (!isBehind || !key.startsWith(prefix)) continue;
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      const group = cut === -1 ? undefined : key.slice(0, cut + delimiter.length);
      if (group !== startAfter) shown.add(group ?? key);
    }
    return inByteOrder(shown);
  }

  test('all pages of any listing together show each key or its group once, in byte order, and all but the last are full', () => {
    fc.assert(
      fc.property(listings, ({ keys, prefix, startAfter, delimiter, maxKeys }) => {
        const index = createKeyIndex();
        for (const key of keys) index.add(toByteString(key));
        const shown: string[] = [];
        let after: string | undefined = toByteString(startAfter);
        while (after !== undefined) {
          const page = listPage(index.sorted(), {
            prefix: toByteString(prefix),
            delimiter: toByteString(delimiter),
            after,
            maxKeys,
          });
          const found = [...page.keys, ...page.commonPrefixes].map(fromByteString);
          if (page.next !== undefined) expect(found).toHaveLength(maxKeys);
          shown.push(...inByteOrder(found));
          after = page.next;
        }
        expect(shown).toEqual(expected(keys, prefix, startAfter, delimiter));
      }),
      { numRuns: 500 },
    );
  });

  test('an index of keys holds after any sequence of additions and removals what a sorted set would', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.boolean()), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (commands) => {
        const index = createKeyIndex();
        const model = new Set<string>();
        for (const [key, looks] of commands) {
          if (model.delete(key)) index.remove(key);
          else {
            model.add(key);
            index.add(key);
          }
          expect(index.size).toBe(model.size);
          if (looks) expect(index.sorted()).toEqual([...model].sort());
        }
        expect(index.sorted()).toEqual([...model].sort());
      }),
      { numRuns: 500 },
    );
  });
});

describe('ListObjectsV2', () => {
  test('pages with tokens, groups by a delimiter, and counts both', async () => {
    const Bucket = await bucketWith(['a/1', 'a/2', 'b', 'c/1', 'd']);
    const first = await list({ Bucket, Delimiter: '/', MaxKeys: 2 });
    expect(first).toMatchObject({ KeyCount: 2, IsTruncated: true, CommonPrefixes: [{ Prefix: 'a/' }] });
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['b']);
    const second = await list({ Bucket, Delimiter: '/', ContinuationToken: first.NextContinuationToken });
    expect(second).toMatchObject({ KeyCount: 2, IsTruncated: false, CommonPrefixes: [{ Prefix: 'c/' }] });
    expect(second.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([['d', 1]]);
    expect(second.NextContinuationToken).toBeUndefined();
  });

  test('a token goes before a start', async () => {
    const Bucket = await bucketWith(['a', 'b', 'c']);
    const { NextContinuationToken } = await list({ Bucket, MaxKeys: 1 });
    const next = await list({ Bucket, MaxKeys: 1, ContinuationToken: NextContinuationToken, StartAfter: 'b' });
    expect(next.Contents?.map(({ Key }) => Key)).toEqual(['b']);
    await expect(list({ Bucket, ContinuationToken: 'made up' })).rejects.toMatchObject({ name: 'InvalidArgument' });
  });

  test(
    'a page holds 1,000 keys at most, and none when none are wanted',
    async () => {
      const Bucket = await bucketWith(Array.from({ length: 1_001 }, (_, index) => `k${10_000 + index}`));
      expect(await list({ Bucket, MaxKeys: 5_000 })).toMatchObject({
        KeyCount: 1_000,
        IsTruncated: true,
        MaxKeys: 1_000,
      });
      expect(await list({ Bucket, MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
      const last = await list({ Bucket, StartAfter: 'k10999' });
      expect(last.Contents?.map(({ Key }) => Key)).toEqual(['k11000']);
    },
    TIMEOUT_MS,
  );

  test('keys that XML cannot carry are escaped when it is asked for', async () => {
    const Bucket = await bucketWith(['a b/c(3).png', 'é\u0001']);
    const { Contents, EncodingType } = await list({ Bucket, EncodingType: 'url' });
    expect(EncodingType).toBe('url');
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a+b/c%283%29.png', '%C3%A9%01']);
    const plain = await list({ Bucket, Prefix: 'a' });
    expect(plain.Contents?.map(({ Key }) => Key)).toEqual(['a b/c(3).png']);
  });

  test('shows what there is now', async () => {
    const Bucket = await bucketWith(['a', 'b']);
    await list({ Bucket });
    await s3().client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await s3().client.send(new PutObjectCommand({ Bucket, Key: 'Z', Body: new Uint8Array() }));
    expect((await list({ Bucket })).Contents?.map(({ Key }) => Key)).toEqual(['Z', 'b']);
  });
});

describe('buckets', () => {
  test('are made once, listed, and removed when they are empty', async () => {
    const Bucket = await bucketWith(['a']);
    const { client } = s3();
    await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    await expect(client.send(new CreateBucketCommand({ Bucket: 'A_b' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await client.send(new HeadBucketCommand({ Bucket }));
    await client.send(new DeleteBucketCommand({ Bucket }));
    await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
  });
});
