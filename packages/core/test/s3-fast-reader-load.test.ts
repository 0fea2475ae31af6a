import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createFastS3Reader,
  createS3ObjectStore,
  type FastS3Reader,
  type FastS3ReaderOptions,
} from '@millrace/core/aws';
import { useS3Server } from './support/s3-harness.ts';

const BUCKET = 'bucket';
const BYTES = Buffer.from('some bytes of an object');

const s3 = useS3Server({ buckets: [BUCKET] });
let readers: FastS3Reader[];

beforeEach(async () => {
  readers = [];
  await put('key', BYTES);
});
afterEach(async () => {
  s3().server.onRequest(undefined);
  for (const reader of readers) await reader.close();
});

async function put(key: string, bytes: Buffer): Promise<void> {
  await createS3ObjectStore({ client: s3().client, bucket: BUCKET }).put(key, bytes);
  s3().server.resetCounts();
}

function openReader(options: Partial<FastS3ReaderOptions> = {}): FastS3Reader {
  const wait = () => Promise.resolve();
  const reader = createFastS3Reader({ client: s3().client, bucket: BUCKET, wait, random: () => 0.5, ...options });
  readers.push(reader);
  return reader;
}

test('an object of 50 MB comes whole in one answer, and a range of it alone', async () => {
  const large = randomBytes(50_000_000);
  await put('large', large);
  const reader = openReader();
  const object = await reader.get('large');
  expect(object?.size).toBe(large.length);
  expect(large.equals(object?.bytes ?? Buffer.alloc(0))).toBe(true);
  const end = await reader.get('large', { range: { start: large.length - 10 } });
  expect(end).toMatchObject({ size: large.length, bytes: large.subarray(-10) });
  expect(s3().server.counts()).toEqual({ GetObject: 2 });
});

describe('many at once', () => {
  test('are 16 at the server at first, and never more than there are connections', async () => {
    let underWay = 0;
    let most = 0;
    let early = 0;
    const release: (() => void)[] = [];
    s3().server.onRequest(async ({ number }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      if (number <= 16) {
        await new Promise<void>((resolve) => {
          release.push(resolve);
          if (number < 16) return;
          // All that may come, have come.
          setImmediate(() => {
            early = underWay;
            for (const go of release) go();
          });
        });
      }
      underWay -= 1;
      return undefined;
    });
    const reader = openReader({ connections: 24 });
    const objects = await Promise.all(Array.from({ length: 300 }, () => reader.get('key')));
    expect(objects.filter((object) => object?.size === BYTES.length)).toHaveLength(300);
    expect(early).toBe(16);
    expect(most).toBeLessThanOrEqual(24);
  });

  test.each([
    ['asks for less', { kind: 'error', status: 503, code: 'SlowDown' }],
    ['does not answer in time', { kind: 'delay', ms: 60_000 }],
  ] as const)('are half as many when S3 %s', async (_, fault) => {
    let underWay = 0;
    let most = 0;
    const arrived: (() => void)[] = [];
    s3().server.onRequest(async ({ number }) => {
      if (number <= 16) {
        await new Promise<void>((resolve) => {
          arrived.push(resolve);
          if (number === 16) for (const go of arrived) go();
        });
        return fault;
      }
      underWay += 1;
      most = Math.max(most, underWay);
      // Those that may come beside it, come.
      for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      // Nothing is told of the load.
      return { kind: 'error', status: 404, code: 'NoSuchKey' };
    });
    const reader = openReader({ timeoutMs: fault.kind === 'delay' ? 500 : 10_000 });
    await Promise.all(Array.from({ length: 60 }, () => reader.get('key')));
    expect(most).toBe(8);
  });

  test('all come, though S3 asks for less again and again', async () => {
    s3().server.onRequest(({ number }) =>
      number % 5 === 0 ? { kind: 'error', status: 503, code: 'SlowDown' } : undefined,
    );
    const reader = openReader({ attempts: 30 });
    const objects = await Promise.all(Array.from({ length: 300 }, () => reader.get('key')));
    expect(objects.filter((object) => object?.size === BYTES.length)).toHaveLength(300);
  });
});
