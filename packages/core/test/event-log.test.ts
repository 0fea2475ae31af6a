import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { createObjectEventLog, type ObjectStore, ObjectStoreUnavailableError } from '@millrace/core';
import { anAttemptRecord, describeEventLog, type ObjectStoreHarness } from '@millrace/core/testing';
import { openFileHarness } from './support/file-store-harness.ts';
import { openS3Harness, useS3Server } from './support/s3-harness.ts';

const s3 = useS3Server();

const openOn = (open: () => Promise<ObjectStoreHarness>) => async () => {
  const { store, close } = await open();
  return { log: createObjectEventLog(store), objects: store, close };
};

describeEventLog('A folder', openOn(openFileHarness));
describeEventLog(
  'S3',
  openOn(() => openS3Harness(s3().client)),
);

describe('the log of attempts', () => {
  test('is read line by line by gzip itself', async () => {
    const written: Uint8Array[] = [];
    const log = createObjectEventLog({
      put: (_, bytes) => {
        written.push(bytes);
        return Promise.resolve({ etag: '""' });
      },
      list: () => Promise.resolve({ objects: [], more: false }),
      delete: () => Promise.resolve(),
    });
    const attempts = Array.from({ length: 1_000 }, (_, index) => anAttemptRecord({ attempt: index + 1 }));
    await log.write({ key: 'attempts/a', attempts });
    const text = execFileSync('gzip', ['-dc'], { input: written[0] }).toString();
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).attempt)).toEqual(attempts.map(({ attempt }) => attempt));
    expect((written[0]?.length ?? 0) / attempts.length).toBeLessThan(60);
  });

  test('says so when a batch could not be written', async () => {
    const full: Pick<ObjectStore, 'put' | 'list' | 'delete'> = {
      put: () => Promise.reject(new ObjectStoreUnavailableError('the disk is full')),
      list: () => Promise.resolve({ objects: [], more: false }),
      delete: () => Promise.resolve(),
    };
    const writing = createObjectEventLog(full).write({ key: 'attempts/a', attempts: [anAttemptRecord()] });
    await expect(writing).rejects.toThrow('the disk is full');
  });
});
