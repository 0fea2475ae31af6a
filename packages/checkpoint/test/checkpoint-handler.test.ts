/** The function as Lambda calls it, on S3. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '@millrace/core';
import { createAwsClients, createFastS3Reader, createS3ObjectStore, createS3ObjectWriter } from '@millrace/core/aws';
import { createRecordingMetrics } from '@millrace/core/testing';
import { type S3Server, startS3Server } from '@millrace/core/testing/aws';
import { bytesSource, openParquet } from '@millrace/parquet';
import { createDataset } from '../src/datasets/index.ts';
import { type CheckpointHandler, createCheckpointHandler } from '../src/function/checkpoint-handler.ts';
import { generateVisitEvents } from '../src/testing/generate-visit-events.ts';

const EVENTS = 120;
const WITH_TIME = { getRemainingTimeInMillis: () => 900_000 };
const ASKED = {
  ...{ source_bucket: 'logs', prefix: 'prod/', checkpoint_bucket: 'lake' },
  checkpoint_key_template: 'sums/visit-events/{study}/{datatype}/events.parquet',
};

let server: S3Server;
let client: ReturnType<typeof createAwsClients>['s3'];
let handler: CheckpointHandler;
const said: string[] = [];
const metrics = createRecordingMetrics();

beforeAll(async () => {
  server = await startS3Server({ buckets: ['logs', 'lake'] });
  const { url, region, credentials } = server;
  client = createAwsClients({ endpoint: url, region, credentials }).s3;
  handler = createCheckpointHandler({
    defaults: {
      ...{ dataset: 'visit-events', sourceBucket: undefined, prefix: '' },
      ...{ checkpointBucket: undefined, checkpointKey: undefined },
    },
    concurrency: 16,
    clock: systemClock,
    newRunId: randomUUID,
    lines: { isOn: () => true, say: (event) => void said.push(event) },
    metrics,
    wait: () => Promise.resolve(),
    openSource: (bucket, prefix) => createFastS3Reader({ client, bucket, prefix }),
    openBucket: (bucket) => ({
      ...createS3ObjectStore({ client, bucket }),
      ...createS3ObjectWriter({ client, bucket }),
    }),
  });
  const logs = createS3ObjectStore({ client, bucket: 'logs', prefix: 'prod/' });
  for (const { name, bytes } of generateVisitEvents({ count: EVENTS })) await logs.put(name, bytes);
  await logs.put('readme.txt', Buffer.from('not a log'));
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

async function rowsAt(key: string): Promise<number> {
  const stored = await createS3ObjectStore({ client, bucket: 'lake' }).get(key);
  if (stored === undefined) throw new Error(`there is no ${key}`);
  return (await openParquet(bytesSource(stored.bytes), createDataset('visit-events').schema)).rows;
}

describe('the function', () => {
  test('folds a bucket into files, then what is new, and counts what it was asked to', async () => {
    const first = await handler(ASKED, WITH_TIME);
    expect(first).toMatchObject({
      ...{ statusCode: 200, new_events_processed: EVENTS, total_events: EVENTS, events_failed: 0, events_filtered: 0 },
      ...{ failures: [], objects_ignored: { 'not a log file': 1 }, objects_pending: 0, objects_left: 0 },
      last_processed_timestamp: expect.stringMatching(/^2024-01-01T\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    const counts = await Promise.all(first.checkpoint_paths.map(rowsAt));
    expect(counts.reduce((sum, rows) => sum + rows, 0)).toBe(EVENTS);
    expect(first.checkpoint_paths.every((path) => path.startsWith('sums/visit-events/'))).toBe(true);

    const logs = createS3ObjectStore({ client, bucket: 'logs', prefix: 'prod/' });
    for (const { name, bytes } of generateVisitEvents({ count: 3, seed: 2, studies: ['leads'] })) {
      await logs.put(name, bytes);
    }
    await logs.put('log-submit-20240101-000000-1-ingest-form-1-2024-01-01.json', Buffer.from('{"action":"submit"}'));
    server.resetCounts();
    const second = await handler(ASKED, WITH_TIME);
    expect(second).toMatchObject({
      statusCode: 207,
      new_events_processed: 3,
      total_events: EVENTS + 3,
      events_failed: 1,
    });
    expect(second.failures).toMatchObject([{ kind: 'content', reasons: expect.arrayContaining([expect.any(String)]) }]);
    expect(server.counts()).toMatchObject({ GetObject: expect.any(Number), ListObjectsV2: 1 });
    // Four sources, the state, the segment, and the files that are added to.
    expect(server.counts().GetObject).toBeLessThanOrEqual(4 + 2 + second.checkpoint_paths.length);
    expect(await handler(ASKED, WITH_TIME)).toMatchObject({ statusCode: 200, new_events_processed: 0, failures: [] });
    expect(said).toEqual(['checkpoint.folded', 'checkpoint.failed', 'checkpoint.folded']);
    const eventsOf = (result: string) => metrics.total('checkpointEvents', { dataset: 'visit-events', result });
    expect(['folded', 'invalid', 'filtered'].map(eventsOf)).toEqual([EVENTS + 3, 1, 0]);
    const runsOf = (result: string) => metrics.total('checkpointRuns', { dataset: 'visit-events', result });
    expect(['complete', 'partial', 'unfinished', 'failed'].map(runsOf)).toEqual([2, 1, 0, 0]);
    expect(metrics.observed('checkpointDuration')).toHaveLength(3);
    expect(metrics.value('checkpointPending')).toBe(0);
  });

  test('answers an event that cannot be used with every problem, and does nothing', async () => {
    server.resetCounts();
    expect(await handler({ since: 'x', nothing: 1 }, WITH_TIME)).toMatchObject({
      ...{ statusCode: 400, new_events_processed: 0 },
      failures: [
        { kind: 'request', reasons: [expect.anything(), expect.anything(), expect.anything(), expect.anything()] },
      ],
    });
    expect(server.counts()).toEqual({});
  });

  test.each([403, 500, 503])(
    'fails when the checkpoint cannot be read (%i), and takes it for nothing else',
    async (status) => {
      server.onRequest(({ bucket, operation }) =>
        bucket === 'lake' && operation === 'GetObject' ? { kind: 'error', status, code: 'Refused' } : undefined,
      );
      try {
        server.resetCounts();
        const failedRuns = metrics.total('checkpointRuns', { result: 'failed' });
        await expect(handler(ASKED, WITH_TIME)).rejects.toThrow();
        expect(server.counts().PutObject).toBeUndefined();
        expect(metrics.total('checkpointRuns', { result: 'failed' })).toBe(failedRuns + 1);
      } finally {
        server.onRequest(undefined);
      }
    },
    60_000,
  );
});
