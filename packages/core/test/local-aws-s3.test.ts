import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useLocalAws } from './support/local-aws.ts';

describe.each(['config', 'directConfig'] as const)('by its %s,', (way) => {
  const fixture = useLocalAws(way);
  const Bucket = 'objects';
  let s3: S3Client;

  beforeAll(() => {
    s3 = new S3Client({ ...fixture().aws[way], maxAttempts: 1 });
  });
  beforeEach(async () => {
    await s3.send(new CreateBucketCommand({ Bucket }));
    fixture().aws.clearCalls();
  });
  afterAll(() => s3.destroy());

  const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));

  async function read(Key: string): Promise<string | undefined> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return await Body?.transformToString();
  }

  describe('S3 of the local AWS', () => {
    test('is behind the same endpoint, under the clock of the test', async () => {
      const { clock } = fixture();
      clock.advance(-365 * 86_400_000);
      await put('a/é', 'body');
      expect(await read('a/é')).toBe('body');
      const { LastModified } = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/é' }));
      expect(LastModified).toEqual(new Date(clock.now()));
    });

    test('is struck by faults as the other services are', async () => {
      const { aws } = fixture();
      const before = aws.fault({ service: 's3', action: 'PutObject', number: 1, fault: { kind: 'cut-before' } });
      await expect(put('a', '1')).rejects.toThrow('socket hang up');
      await expect(read('a')).rejects.toMatchObject({ name: 'NoSuchKey' });
      before.remove();
      aws.fault({ action: 'PutObject', number: 1, fault: { kind: 'cut-after' } });
      await expect(put('b', '1')).rejects.toThrow('socket hang up');
      expect(await read('b')).toBe('1');
      aws.fault({ where: ({ input }) => input['Key'] === 'c', fault: { kind: 'throttle' } });
      await expect(put('c', '1')).rejects.toMatchObject({ name: 'SlowDown' });
      await put('d', '1');
      aws.fault({ service: 's3', fault: { kind: 'error', code: 'AccessDenied', status: 403 } });
      await expect(put('d', '2')).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    });

    test('is in the books', async () => {
      const { aws } = fixture();
      await put('a', '1');
      aws.fault({ service: 's3', number: 1, fault: { kind: 'throttle' } });
      await put('a', '2').catch(() => undefined);
      await read('a');
      expect(aws.calls().get('s3.PutObject')).toMatchObject({ calls: 2, failures: 1 });
      expect(aws.calls().get('s3.GetObject')).toMatchObject({ calls: 1, failures: 0 });
    });

    test('is empty after a reset', async () => {
      const { aws } = fixture();
      await put('a', '1');
      aws.reset();
      await expect(put('a', '1')).rejects.toMatchObject({ name: 'NoSuchBucket' });
      await s3.send(new CreateBucketCommand({ Bucket }));
      await expect(read('a')).rejects.toMatchObject({ name: 'NoSuchKey' });
    });
  });
});
