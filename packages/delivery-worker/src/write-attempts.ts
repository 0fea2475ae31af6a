import {
  type AttemptBatch,
  type AttemptRecord,
  attemptBatchKey,
  type Clock,
  type EventLog,
  ULID_RANDOM_BYTES,
} from '@millrace/core';

export interface WriteAttemptsDeps {
  readonly eventLog: Pick<EventLog, 'write'>;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Told that attempts will be missing from the log, and why. */
  readonly onDrop: (count: number, reason: unknown) => void;
}

/** Milliseconds before the next try. After the last of them a batch is given up. */
const WAITS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];

/** A batch whose key is fixed: from now on it is the same object, however often it is written. */
export function toBatch(
  attempts: readonly AttemptRecord[],
  { clock, randomBytes }: Pick<WriteAttemptsDeps, 'clock' | 'randomBytes'>,
): AttemptBatch {
  return { key: attemptBatchKey(clock.now(), randomBytes(ULID_RANDOM_BYTES)), attempts };
}

/**
 * Writes a batch, again and again if need be.
 *
 * @param wait between two tries; false ends them
 * @returns why it was not written; undefined when it was
 */
export async function tryToWrite(
  eventLog: Pick<EventLog, 'write'>,
  batch: AttemptBatch,
  wait: (ms: number) => Promise<boolean>,
): Promise<{ readonly reason: unknown } | undefined> {
  for (const ms of [...WAITS_MS, undefined]) {
    try {
      await eventLog.write(batch);
      return undefined;
    } catch (reason) {
      const goesOn = ms !== undefined && (await wait(ms));
      if (!goesOn) return { reason };
    }
  }
  return undefined;
}
