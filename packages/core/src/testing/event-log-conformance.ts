/** What every `EventLog` must do, on whatever `ObjectStore` it is built. */

import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attemptBatchKey } from '../domain/attempt-key.ts';
import { ATTEMPT_COLUMNS } from '../event-log/attempt-line.ts';
import type { AttemptRecord, EventLog } from '../ports/event-log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { anAttemptRecord } from './factories.ts';
import { START_TIME } from './manual-clock.ts';
import { useHarness, withHarness } from './use-harness.ts';

export interface EventLogHarness {
  readonly log: EventLog;
  /** The store below the log. */
  readonly objects: ObjectStore;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
let batches = 0;

function keyAt(time: number): string {
  batches += 1;
  return attemptBatchKey(
    time,
    Uint8Array.from({ length: 10 }, (_, index) => (index === 9 ? batches % 256 : 7)),
  );
}

/** @param open opens an empty log: for every test, and for every run of the property */
export function describeEventLog(name: string, open: () => Promise<EventLogHarness>): void {
  describe(`${name} keeps the promises of EventLog`, () => {
    const h = useHarness(open);

    test('a batch is one object under its key: a line for each attempt, in order, with every field', async () => {
      const key = keyAt(START_TIME);
      const first = anAttemptRecord();
      const second = anAttemptRecord({
        statusCode: null,
        outcome: 'dead-letter',
        reason: 'exhausted',
        connectMs: null,
      });
      await h().log.write({ key, attempts: [first, second] });
      expect(await keysOf(h().objects)).toEqual([key]);
      const [line, other, ...rest] = await linesOf(h().objects, key);
      expect(rest).toEqual([]);
      expect(Object.keys(line ?? {})).toEqual([...ATTEMPT_COLUMNS]);
      expect(line).toEqual({
        sender_id: first.senderId,
        message_id: first.messageId,
        message_timestamp: first.messageTimestamp,
        target_origin: first.targetOrigin,
        webhook_id: first.webhookId,
        attempt: 1,
        started_at: '2026-11-22T10:00:00.000000Z',
        status_code: 200,
        outcome: 'success',
        reason: null,
        error_class: null,
        connect_ms: 1.5,
        first_byte_ms: 20.25,
        total_ms: 21.125,
        request_bytes: 14,
        response_bytes: 2,
        worker: 'worker-1',
      });
      expect(other).toMatchObject({ status_code: null, outcome: 'dead-letter', reason: 'exhausted', connect_ms: null });
    });

    test('a batch that is written again, also at the same time, is there once', async () => {
      const batch = { key: keyAt(START_TIME), attempts: [anAttemptRecord()] };
      await h().log.write(batch);
      await Promise.all([h().log.write(batch), h().log.write(batch)]);
      expect(await keysOf(h().objects)).toEqual([batch.key]);
      expect(await linesOf(h().objects, batch.key)).toHaveLength(1);
    });

    test('any attempts are read back as they were, a line each', () =>
      withHarness(open, ({ log, objects }) =>
        fc.assert(
          fc.asyncProperty(fc.array(records(), { minLength: 1, maxLength: 20 }), async (attempts) => {
            const key = keyAt(START_TIME);
            await log.write({ key, attempts });
            const lines = await linesOf(objects, key);
            expect(
              lines.map(({ message_id, target_origin, attempt, worker }) => [
                message_id,
                target_origin,
                attempt,
                worker,
              ]),
            ).toEqual(
              attempts.map(({ messageId, targetOrigin, attempt, worker }) => [
                messageId,
                targetOrigin,
                attempt,
                worker,
              ]),
            );
          }),
        ),
      ));

    test('batches of days before a time are removed, oldest first, so many at once, and nothing else', async () => {
      const days = [5, 4, 3, 2, 1, 0].map((age) => keyAt(START_TIME - age * DAY_MS));
      for (const key of days) await h().log.write({ key, attempts: [anAttemptRecord()] });
      const others = ['attempts-of-others', 'attempts/notes', 'payloads/dt=2020-01-01/a'];
      for (const key of others) await h().objects.put(key, Buffer.from('x'));
      const before = START_TIME - 2 * DAY_MS;
      expect(await h().log.removeBefore(before, 2)).toBe(2);
      expect(await keysOf(h().objects)).toEqual([...others, ...days.slice(2)].sort());
      expect(await h().log.removeBefore(before, 2)).toBe(1);
      expect(await h().log.removeBefore(before, 2)).toBe(0);
      expect(await keysOf(h().objects)).toEqual([...others, ...days.slice(3)].sort());
    });
  });
}

async function keysOf(objects: ObjectStore): Promise<string[]> {
  return (await objects.list({ limit: 1_000 })).objects.map(({ key }) => key);
}

async function linesOf(objects: ObjectStore, key: string): Promise<Record<string, unknown>[]> {
  const text = gunzipSync((await objects.get(key))?.bytes ?? new Uint8Array()).toString();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
}

function records(): fc.Arbitrary<AttemptRecord> {
  return fc
    .record({
      messageId: fc.string({ minLength: 1, maxLength: 20 }),
      targetOrigin: fc.webUrl().map((url) => new URL(url).origin),
      attempt: fc.integer({ min: 1, max: 21 }),
      worker: fc.string({ unit: 'binary', maxLength: 10 }).filter((text) => text.isWellFormed()),
      totalMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    })
    .map(anAttemptRecord);
}
