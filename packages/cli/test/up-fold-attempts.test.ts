import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type AttemptRecord, attemptBatchKey, systemClock, ULID_RANDOM_BYTES } from '@millrace/core';
import { createFoldAttempts, type FoldAttempts } from '../src/up/fold-attempts.ts';
import { openLocalEventLog } from '../src/up/local-attempt-log.ts';

let data: string;
let fold: FoldAttempts;
beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
  // By which a data folder is known.
  await writeFile(path.join(data, 'millrace.db'), '');
  fold = createFoldAttempts(data);
});
afterEach(() => rm(data, { recursive: true, force: true }));

const ATTEMPT: AttemptRecord = {
  ...{ senderId: 'billing', messageId: 'm', messageTimestamp: '2026-11-22T10:00:00Z' },
  ...{ targetOrigin: 'https://test.example', webhookId: 'msg_1', attempt: 1, startedAt: Date.now(), statusCode: 200 },
  ...{ outcome: 'success', reason: null, errorClass: null, connectMs: 1, firstByteMs: 2, totalMs: 3 },
  ...{ requestBytes: 4, responseBytes: 5, worker: 'up-1' },
};

async function writeBatches(count: number): Promise<void> {
  const log = openLocalEventLog(data, systemClock);
  const attempts = [ATTEMPT, { ...ATTEMPT, attempt: 2 }];
  for (let batch = 0; batch < count; batch++) {
    await log.write({ key: attemptBatchKey(Date.now(), new Uint8Array(ULID_RANDOM_BYTES).fill(batch)), attempts });
  }
}

const NEVER = new AbortController().signal;

test('a log without attempts is not folded', async () => {
  expect(await fold(NEVER)).toBeUndefined();
});

test('a process folds what is new, and tells it', async () => {
  await writeBatches(3);
  expect(await fold(NEVER)).toMatchObject({ complete: true, objects: { read: 3 }, events: { folded: 6 } });
  expect(await fold(NEVER)).toMatchObject({ complete: true, objects: { read: 0 }, totalEvents: 6 });
});

test('what goes wrong in the process is told with its code', async () => {
  await writeBatches(1);
  await writeFile(path.join(data, 'checkpoints'), 'in the way');
  await expect(fold(NEVER)).rejects.toMatchObject({
    code: 'data-folder',
    message: expect.stringMatching(/checkpoints/),
  });
});

test('a run that is stopped ends with the reason, and leaves nothing that the next one does not fold', async () => {
  await writeBatches(2);
  const stopping = new AbortController();
  const stopped = fold(stopping.signal);
  stopping.abort();
  await expect(stopped).rejects.toBe(stopping.signal.reason);
  await expect(fold(stopping.signal)).rejects.toBe(stopping.signal.reason);
  expect(await fold(NEVER)).toMatchObject({ complete: true, totalEvents: 4 });
});
