import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { START_TIME } from '@millrace/core/testing';
import { useS3Server } from './support/s3-harness.ts';

const s3 = useS3Server({ buckets: ['bucket', 'other'], verifySignatures: false, clock: () => START_TIME + 999 });
const KEY = { Bucket: 'bucket', Key: 'a key/with é' };
const DIGITS = '0123456789';

function put(input: Partial<PutObjectCommandInput> = {}) {
  return s3().client.send(new PutObjectCommand({ ...KEY, Body: DIGITS, ...input }));
}

async function get(input: Partial<GetObjectCommandInput> = {}) {
  const output = await s3().client.send(new GetObjectCommand({ ...KEY, ...input }));
  return { ...output, text: await output.Body?.transformToString() };
}

/** How a request was refused: by name and status. */
async function refusal(request: Promise<unknown>): Promise<unknown> {
  const error: unknown = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return [$metadata?.httpStatusCode, name];
}

let etag: string;

beforeEach(async () => {
  etag = (await put({ ContentType: 'text/plain', Metadata: { colour: 'blue' }, CacheControl: 'no-store' })).ETag ?? '';
});

describe('an object', () => {
  test('has the MD5 of its bytes as ETag, the second of its writing, and what was said of it', async () => {
    expect(etag).toBe('"781e5e245d69b566979b86e28d23f2c7"');
    const said = {
      ETag: etag,
      ContentLength: 10,
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Metadata: { colour: 'blue' },
      LastModified: new Date(START_TIME),
    };
    expect(await get()).toMatchObject({ ...said, text: DIGITS });
    expect(await s3().client.send(new HeadObjectCommand(KEY))).toMatchObject(said);
  });

  test('that is not there is NoSuchKey, in a bucket that is not there NoSuchBucket', async () => {
    expect(await refusal(get({ Key: 'none' }))).toEqual([404, 'NoSuchKey']);
    expect(await refusal(get({ Bucket: 'none' }))).toEqual([404, 'NoSuchBucket']);
    expect(await refusal(put({ Bucket: 'none' }))).toEqual([404, 'NoSuchBucket']);
    expect(await refusal(s3().client.send(new HeadObjectCommand({ ...KEY, Key: 'none' })))).toEqual([404, 'NotFound']);
  });

  test('cannot have a key of more than 1,024 bytes', async () => {
    expect(await refusal(put({ Key: 'é'.repeat(513) }))).toEqual([400, 'KeyTooLongError']);
  });

  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=7-99', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-99', DIGITS, 'bytes 0-9/10'],
    ['bytes=0-0', '0', 'bytes 0-0/10'],
  ])('%s of it is %s', async (Range, text, ContentRange) => {
    expect(await get({ Range })).toMatchObject({ text, ContentRange, $metadata: { httpStatusCode: 206 } });
  });

  test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('%s of it is InvalidRange', async (Range) => {
    expect(await refusal(get({ Range }))).toEqual([416, 'InvalidRange']);
  });

  test('every range of an empty object is InvalidRange', async () => {
    await put({ Body: new Uint8Array() });
    for (const Range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
      expect(await refusal(get({ Range }))).toEqual([416, 'InvalidRange']);
    }
  });

  test.each(['bytes=4-2', 'bytes=-', 'bytes=1-2,4-5', 'lines=1-2'])(
    'the range %s is as if there were none',
    async (Range) => {
      expect(await get({ Range })).toMatchObject({ text: DIGITS, $metadata: { httpStatusCode: 200 } });
    },
  );
});

describe('conditions of a read', () => {
  const before = new Date(START_TIME - 1_000);
  const at = new Date(START_TIME);
  const sent = ['sent'];
  const unchanged = [304, '304'];
  const failed = [412, 'PreconditionFailed'];

  test.each([
    ['If-Match holds', () => ({ IfMatch: etag }), sent],
    ['If-Match does not hold', () => ({ IfMatch: '"x"' }), failed],
    ['If-None-Match holds', () => ({ IfNoneMatch: '"x"' }), sent],
    ['If-None-Match does not hold', () => ({ IfNoneMatch: etag }), unchanged],
    ['If-Modified-Since holds', () => ({ IfModifiedSince: before }), sent],
    ['If-Modified-Since does not hold', () => ({ IfModifiedSince: at }), unchanged],
    ['If-Unmodified-Since holds', () => ({ IfUnmodifiedSince: at }), sent],
    ['If-Unmodified-Since does not hold', () => ({ IfUnmodifiedSince: before }), failed],
    ['If-Match holds and If-Unmodified-Since does not', () => ({ IfMatch: etag, IfUnmodifiedSince: before }), sent],
    ['If-None-Match holds and If-Modified-Since does not', () => ({ IfNoneMatch: '"x"', IfModifiedSince: at }), sent],
    [
      'If-None-Match does not hold and If-Modified-Since does',
      () => ({ IfNoneMatch: etag, IfModifiedSince: before }),
      unchanged,
    ],
  ])('%s', async (_, conditions, expected) => {
    const result = await get(conditions()).then(
      () => sent,
      (error) => refusal(Promise.reject(error)),
    );
    if (expected === unchanged) expect(result).toEqual([304, expect.any(String)]);
    else expect(result).toEqual(expected);
  });
});

describe('conditions of a write', () => {
  test('If-None-Match: * takes no object, If-Match the one of its ETag', async () => {
    expect(await refusal(put({ IfNoneMatch: '*' }))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(put({ IfMatch: '"x"' }))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(put({ IfMatch: etag, Key: 'none' }))).toEqual([404, 'NoSuchKey']);
    await put({ IfNoneMatch: '*', Key: 'new' });
    await put({ IfMatch: etag, Body: 'changed' });
    expect(await get()).toMatchObject({ text: 'changed' });
    expect(await refusal(put({ IfMatch: etag }))).toEqual([412, 'PreconditionFailed']);
  });

  test('hold for a copy too', async () => {
    const copy = {
      Bucket: 'other',
      Key: `copy ${Math.floor(START_TIME / 1_000)}`,
      CopySource: encodeURIComponent('bucket/a key/with é'),
    };
    const send = (conditions: object) => s3().client.send(new CopyObjectCommand({ ...copy, ...conditions }));
    expect(await refusal(send({ CopySourceIfMatch: '"x"' }))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(send({ CopySourceIfNoneMatch: etag }))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(send({ IfMatch: etag }))).toEqual([404, 'NoSuchKey']);
    await send({ CopySourceIfMatch: etag, IfNoneMatch: '*' });
    expect(await refusal(send({ IfNoneMatch: '*' }))).toEqual([412, 'PreconditionFailed']);
  });
});

describe('a copy', () => {
  test('takes bytes and what was said of them, or replaces the latter', async () => {
    const CopySource = '/bucket/a%20key/with%20%C3%A9';
    const copy = { Bucket: 'other', Key: 'copy', CopySource };
    const { CopyObjectResult } = await s3().client.send(new CopyObjectCommand(copy));
    expect(CopyObjectResult).toMatchObject({ ETag: etag });
    expect(await get(copy)).toMatchObject({ text: DIGITS, Metadata: { colour: 'blue' }, ContentType: 'text/plain' });
    const replaced = { ...copy, MetadataDirective: 'REPLACE', Metadata: { size: 'small' } } as const;
    await s3().client.send(new CopyObjectCommand(replaced));
    expect(await get(copy)).toMatchObject({ text: DIGITS, Metadata: { size: 'small' } });
  });

  test('onto itself must change something', async () => {
    const copy = { ...KEY, CopySource: 'bucket/a%20key/with%20%C3%A9' };
    expect(await refusal(s3().client.send(new CopyObjectCommand(copy)))).toEqual([400, 'InvalidRequest']);
  });

  test('of what is not there is NoSuchKey', async () => {
    const copy = { ...KEY, CopySource: 'bucket/none' };
    expect(await refusal(s3().client.send(new CopyObjectCommand(copy)))).toEqual([404, 'NoSuchKey']);
  });
});

describe('a deletion', () => {
  test('of what is not there succeeds', async () => {
    await s3().client.send(new DeleteObjectCommand({ ...KEY, Key: 'none' }));
  });

  test('may want the object unchanged', async () => {
    const remove = (IfMatch: string) => s3().client.send(new DeleteObjectCommand({ ...KEY, IfMatch }));
    expect(await refusal(remove('"x"'))).toEqual([412, 'PreconditionFailed']);
    await remove(etag);
    expect(await refusal(get())).toEqual([404, 'NoSuchKey']);
  });

  test('of many says what came of each', async () => {
    await put({ Key: 'b<&>' });
    const Objects = [{ Key: KEY.Key, ETag: '"x"' }, { Key: 'b<&>' }, { Key: 'none' }];
    const command = new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects } });
    const { Deleted, Errors } = await s3().client.send(command);
    expect(Deleted).toEqual([{ Key: 'b<&>' }, { Key: 'none' }]);
    expect(Errors).toEqual([expect.objectContaining({ Key: KEY.Key, Code: 'PreconditionFailed' })]);
    expect(await refusal(get({ Key: 'b<&>' }))).toEqual([404, 'NoSuchKey']);
  });

  test('of more than 1,000 at once is refused', async () => {
    const Objects = Array.from({ length: 1_001 }, (_, index) => ({ Key: `${index}` }));
    const command = new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects } });
    expect(await refusal(s3().client.send(command))).toEqual([400, 'MalformedXML']);
  });
});
