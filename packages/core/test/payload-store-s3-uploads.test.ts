import { CopyObjectCommand, DeleteObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { anUpload, createManualClock, type ManualClock, readAll } from '@millrace/core/testing';
import { type S3Fault, type S3Server, startS3Server } from '@millrace/core/testing/aws';
import { AwsResourceError } from '../src/aws/aws-errors.ts';
import { createS3PayloadStore } from '../src/aws/s3-payload-store.ts';
import { retryAtOnce } from './support/retry-at-once.ts';
import { s3Client } from './support/s3-harness.ts';
import { openS3PayloadHarness, type S3PayloadHarness } from './support/s3-payload-harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BYTES = Buffer.alloc(200_000, 'abcdefghijk');
const UPLOAD = anUpload(BYTES, 'a/b');

let clock: ManualClock;
let server: S3Server;
let client: S3Client;
let h: S3PayloadHarness;
/** What strikes every request from now on. */
let fault: S3Fault | undefined;

beforeEach(async () => {
  clock = createManualClock();
  fault = undefined;
  server = await startS3Server({ clock: clock.now, verifySignatures: false, onRequest: () => fault });
  client = s3Client(server, { retryStrategy: retryAtOnce(1) });
  h = await openS3PayloadHarness(client, clock);
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

const upload = async (): Promise<void> => void (await h.upload(await h.store.beginUpload(UPLOAD), [BYTES]));
const held = async () => {
  const ref = await h.store.hold(UPLOAD);
  if (ref === undefined) throw new Error('it is not there');
  return ref;
};
const uploadPlace = () => ({ Bucket: h.bucket, Key: `payloads/uploads/a%2Fb/${UPLOAD.sha256}` });
const bodyPlace = () => ({ Bucket: h.bucket, Key: `payloads/bodies/a%2Fb/${UPLOAD.sha256}` });
const modifiedAt = async () => (await client.send(new HeadObjectCommand(bodyPlace()))).LastModified?.getTime();

describe('the URL of an upload', () => {
  test('is good for an hour, and for the announced length and hash alone', async () => {
    const { url, headers, expiresAt } = await h.store.beginUpload(UPLOAD);
    const { pathname, searchParams } = new URL(url);
    expect(decodeURIComponent(pathname)).toBe(`/${h.bucket}/payloads/uploads/a%2Fb/${UPLOAD.sha256}`);
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host;x-amz-checksum-sha256');
    expect(searchParams.get('X-Amz-Expires')).toBe('3600');
    expect(searchParams.get('X-Amz-Date')).toBe('20261122T100000Z');
    expect(expiresAt).toBe(clock.now() + HOUR_MS);
    expect(headers).toEqual({
      'content-length': '200000',
      'x-amz-checksum-sha256': Buffer.from(UPLOAD.sha256, 'hex').toString('base64'),
    });
  });
});

describe('a payload that is held', () => {
  test('has left the uploads, which go after a day', async () => {
    await upload();
    const ref = await held();
    expect(ref.key).toBe(bodyPlace().Key);
    await client.send(new DeleteObjectCommand(uploadPlace()));
    expect((await readAll(await h.store.open(ref))).equals(BYTES)).toBe(true);
    expect(await held()).toEqual(ref);
  });

  test('begins its days anew when it is held a day later, with or without its upload', async () => {
    await upload();
    await held();
    const start = clock.now();
    clock.advance(DAY_MS - 1_000);
    await held();
    expect(await modifiedAt()).toBe(start);
    clock.advance(1_000);
    await client.send(new DeleteObjectCommand(uploadPlace()));
    const ref = await held();
    expect(await modifiedAt()).toBe(clock.now());
    expect((await readAll(await h.store.open(ref))).equals(BYTES)).toBe(true);
  });

  test('is copied from an upload only where that has the content of its name', async () => {
    await upload();
    const other = anUpload(Buffer.from('x'), 'a/b');
    const Key = `payloads/uploads/a%2Fb/${other.sha256}`;
    const CopySource = `${h.bucket}/${encodeURIComponent(uploadPlace().Key)}`;
    await client.send(new CopyObjectCommand({ Bucket: h.bucket, Key, CopySource }));
    expect(await h.store.hold(other)).toBeUndefined();
  });

  test('can have another ETag than its message says, as long as it is the same content', async () => {
    await upload();
    const ref = { ...(await held()), etag: '"of an earlier copy"' };
    expect((await readAll(await h.store.open(ref))).equals(BYTES)).toBe(true);
  });
});

describe('when S3 fails', () => {
  const calls = () => ({
    hold: () => h.store.hold(UPLOAD),
    put: () => h.store.put('a/b', BYTES),
    open: () => h.store.open({ key: bodyPlace().Key, sha256: UPLOAD.sha256, size: BYTES.length, etag: '"x"' }),
  });

  test.each(['hold', 'put', 'open'] as const)('%s says that it can be repeated', async (name) => {
    fault = { kind: 'error', status: 503, code: 'SlowDown' };
    await expect(calls()[name]()).rejects.toThrow(StoreUnavailableError);
    fault = { kind: 'cut-before' };
    await expect(calls()[name]()).rejects.toThrow(StoreUnavailableError);
  });

  test.each(['hold', 'put', 'open'] as const)('%s does not take a bucket that is gone for no payload', async (name) => {
    const store = createS3PayloadStore({ clients: { s3: client }, bucket: 'gone', clock });
    h = { ...h, store };
    await expect(calls()[name]()).rejects.toThrow(AwsResourceError);
  });

  test('in the middle of a payload, what is read ends with an error, not as a whole', async () => {
    const ref = await h.store.put('a/b', BYTES);
    fault = { kind: 'cut-within' };
    await expect(h.store.open(ref).then(readAll)).rejects.toThrow(StoreUnavailableError);
  });
});
