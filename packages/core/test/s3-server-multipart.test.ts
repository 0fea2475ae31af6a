import { createHash, hash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useS3Server } from './support/s3-harness.ts';

const s3 = useS3Server({ buckets: ['bucket'], verifySignatures: false });
const KEY = { Bucket: 'bucket', Key: 'big/é' };
const MIN = 5 * 1_024 * 1_024;
const FULL = Buffer.alloc(MIN, 'full part ');
const SMALL = Buffer.from('small');

let UploadId: string;
/** ETag and size of what is there before. */
let source: { etag: string; size: number };

beforeAll(async () => {
  const Body = Buffer.alloc(MIN + 10, '0123456789');
  const { ETag = '' } = await s3().client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'source', Body }));
  source = { etag: ETag, size: Body.length };
});

beforeEach(async () => {
  const command = new CreateMultipartUploadCommand({ ...KEY, ContentType: 'text/x', Metadata: { colour: 'red' } });
  UploadId = (await s3().client.send(command)).UploadId ?? '';
});

async function upload(PartNumber: number, Body: Buffer): Promise<CompletedPart> {
  const { ETag } = await s3().client.send(new UploadPartCommand({ ...KEY, UploadId, PartNumber, Body }));
  return { PartNumber, ETag };
}

async function copy(PartNumber: number, input: object = {}): Promise<CompletedPart> {
  const command = { ...KEY, UploadId, PartNumber, CopySource: 'bucket/source', ...input };
  const { CopyPartResult } = await s3().client.send(new UploadPartCopyCommand(command));
  return { PartNumber, ETag: CopyPartResult?.ETag };
}

function complete(Parts: CompletedPart[], input: Partial<CompleteMultipartUploadCommandInput> = {}) {
  const command = { ...KEY, UploadId, MultipartUpload: { Parts }, ...input };
  return s3().client.send(new CompleteMultipartUploadCommand(command));
}

describe('a completed upload', () => {
  test('is the parts that were named, in order, under the MD5 of their MD5s', async () => {
    const parts = [await upload(2, FULL), await upload(7, Buffer.from('not named')), await upload(9, SMALL)];
    await upload(2, Buffer.alloc(MIN, 'replaced'));
    const replaced = await upload(2, FULL);
    const { ETag } = await complete([replaced, parts[2] ?? {}]);
    const sums = [FULL, SMALL].map((bytes) => hash('md5', bytes, 'buffer'));
    expect(ETag).toBe(`"${createHash('md5').update(Buffer.concat(sums)).digest('hex')}-2"`);
    const object = await s3().client.send(new GetObjectCommand(KEY));
    expect(object).toMatchObject({ ETag, ContentType: 'text/x', Metadata: { colour: 'red' } });
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(Buffer.concat([FULL, SMALL]))).toBe(true);
  });

  test('is over: it takes no more parts and is not there to be aborted', async () => {
    const part = await upload(1, SMALL);
    await complete([part]);
    await expect(complete([part])).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(upload(2, SMALL)).rejects.toMatchObject({ name: 'NoSuchUpload' });
    const abort = new AbortMultipartUploadCommand({ ...KEY, UploadId });
    await expect(s3().client.send(abort)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  test('is not seen before its completion', async () => {
    const before = await s3().client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'source' }));
    const uploaded = new CreateMultipartUploadCommand({ Bucket: 'bucket', Key: 'source' });
    UploadId = (await s3().client.send(uploaded)).UploadId ?? '';
    await s3().client.send(
      new UploadPartCommand({ Bucket: 'bucket', Key: 'source', UploadId, PartNumber: 1, Body: SMALL }),
    );
    const after = await s3().client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'source' }));
    expect(after.ETag).toBe(before.ETag);
    await before.Body?.transformToByteArray();
    await after.Body?.transformToByteArray();
  });
});

describe('a completion is refused', () => {
  test('when a part but the last has less than 5 MiB', async () => {
    const parts = [await upload(1, FULL.subarray(1)), await upload(2, SMALL)];
    await expect(complete(parts)).rejects.toMatchObject({ name: 'EntityTooSmall', $metadata: { httpStatusCode: 400 } });
    await complete([await upload(1, FULL), await upload(2, SMALL)]);
  });

  test('when its parts are not in ascending order', async () => {
    const parts = [await upload(2, FULL), await upload(1, SMALL)];
    await expect(complete(parts)).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    const [first = {}] = parts;
    await expect(complete([first, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  });

  test('when a part is not there, or is another one', async () => {
    const part = await upload(1, SMALL);
    await expect(complete([{ ...part, PartNumber: 2 }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete([{ ...part, ETag: '"x"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await upload(1, Buffer.from('other'));
    await expect(complete([part])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete([{ ...part, ChecksumSHA256: 'x' }])).rejects.toMatchObject({ name: 'InvalidPart' });
  });

  test('when it names no part', async () => {
    await expect(complete([])).rejects.toMatchObject({ name: 'MalformedXML' });
  });

  test('when its condition does not hold; the upload stays, and can be completed when it does', async () => {
    const { ETag = '' } = await s3().client.send(new PutObjectCommand({ ...KEY, Body: 'there' }));
    const parts = [await upload(1, SMALL)];
    await expect(complete(parts, { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(complete(parts, { IfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await complete(parts, { IfMatch: ETag });
  });

  test('when it must match an object that is not there', async () => {
    const Key = 'nothing there';
    UploadId = (await s3().client.send(new CreateMultipartUploadCommand({ ...KEY, Key }))).UploadId ?? '';
    const part = { ...KEY, Key, UploadId, PartNumber: 1, Body: SMALL };
    const { ETag } = await s3().client.send(new UploadPartCommand(part));
    const refused = complete([{ PartNumber: 1, ETag }], { Key, IfMatch: '"x"' });
    await expect(refused).rejects.toMatchObject({ name: 'NoSuchKey' });
    await complete([{ PartNumber: 1, ETag }], { Key, IfNoneMatch: '*' });
  });
});

describe('a part that is copied', () => {
  test('is the whole source, or a range of it', async () => {
    const parts = [await copy(1), await copy(2, { CopySourceRange: 'bytes=2-5' })];
    await complete(parts);
    const { Body, ContentLength } = await s3().client.send(new GetObjectCommand({ ...KEY, Range: 'bytes=-6' }));
    expect(ContentLength).toBe(6);
    expect(await Body?.transformToString()).toBe('892345');
  });

  test('may want its source unchanged', async () => {
    await expect(copy(1, { CopySourceIfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(copy(1, { CopySourceIfNoneMatch: source.etag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await copy(1, { CopySourceIfMatch: source.etag });
  });

  test.each(['bytes=0-', 'bytes=5-2', 'bytes=-5', 'bytes=0-99999999'])(
    'cannot be the range %s',
    async (CopySourceRange) => {
      await expect(copy(1, { CopySourceRange })).rejects.toMatchObject({ name: 'InvalidArgument' });
    },
  );

  test('cannot be a range of a source of 5 MiB or less', async () => {
    await s3().client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'small', Body: FULL }));
    const range = { CopySource: 'bucket/small', CopySourceRange: 'bytes=0-1' };
    await expect(copy(1, range)).rejects.toMatchObject({ name: 'InvalidRequest' });
    await copy(1, { CopySource: 'bucket/small' });
  });

  test('of a source that is not there is NoSuchKey', async () => {
    await expect(copy(1, { CopySource: 'bucket/none' })).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});

describe('an upload with sums', () => {
  beforeEach(async () => {
    const command = new CreateMultipartUploadCommand({ ...KEY, ChecksumAlgorithm: 'SHA256' });
    UploadId = (await s3().client.send(command)).UploadId ?? '';
  });

  const uploadWith = async (ChecksumAlgorithm: 'SHA256' | 'CRC32'): Promise<CompletedPart> => {
    const part = { ...KEY, UploadId, PartNumber: 2, Body: SMALL, ChecksumAlgorithm };
    const { ETag, ChecksumSHA256 } = await s3().client.send(new UploadPartCommand(part));
    return { PartNumber: 2, ETag, ChecksumSHA256 };
  };

  const copyWhole = async (): Promise<CompletedPart> => {
    const command = new UploadPartCopyCommand({ ...KEY, UploadId, PartNumber: 1, CopySource: 'bucket/source' });
    const { CopyPartResult } = await s3().client.send(command);
    return { PartNumber: 1, ETag: CopyPartResult?.ETag, ChecksumSHA256: CopyPartResult?.ChecksumSHA256 };
  };

  test('is completed with the sum of each part, also of one that was copied', async () => {
    const parts = [await copyWhole(), await uploadWith('SHA256')];
    expect(parts[1]?.ChecksumSHA256).toBe(hash('sha256', SMALL, 'base64'));
    const withoutSums = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(complete(withoutSums)).rejects.toMatchObject({ name: 'InvalidRequest' });
    await complete(parts);
  });

  test('takes no part with another sum', async () => {
    await expect(uploadWith('CRC32')).rejects.toMatchObject({ name: 'InvalidRequest' });
  });
});

test.each([0, 10_001])('a part cannot have the number %d', async (number) => {
  await expect(upload(number, SMALL)).rejects.toMatchObject({ name: 'InvalidArgument' });
});

test('parts are listed in pages, in order', async () => {
  for (const number of [3, 1, 2]) await upload(number, Buffer.from(`part ${number}`));
  const first = await s3().client.send(new ListPartsCommand({ ...KEY, UploadId, MaxParts: 2 }));
  expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' });
  expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, 6],
    [2, 6],
  ]);
  const second = await s3().client.send(new ListPartsCommand({ ...KEY, UploadId, PartNumberMarker: '2' }));
  expect(second).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 3, ETag: `"${hash('md5', 'part 3')}"` }] });
});

test('uploads under way are listed by key in pages, and an aborted one is gone', async () => {
  const ids = [];
  for (const Key of ['m/b', 'm/a', 'm/b']) {
    const { UploadId: id } = await s3().client.send(new CreateMultipartUploadCommand({ Bucket: 'bucket', Key }));
    ids.push({ Key, UploadId: id });
  }
  const list = (input: object = {}) =>
    s3().client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket', Prefix: 'm/', ...input }));
  const first = await list({ MaxUploads: 2 });
  expect(first.Uploads?.map(({ Key }) => Key)).toEqual(['m/a', 'm/b']);
  const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = first;
  const second = await list({ KeyMarker, UploadIdMarker });
  expect(second).toMatchObject({ IsTruncated: false, Uploads: [{ Key: 'm/b' }] });
  for (const id of ids) await s3().client.send(new AbortMultipartUploadCommand({ Bucket: 'bucket', ...id }));
  expect((await list()).Uploads).toBeUndefined();
});
