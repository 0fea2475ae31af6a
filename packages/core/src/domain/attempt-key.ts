import { ulid } from './ulid.ts';

/** What the keys of the attempt log begin with. */
export const ATTEMPTS_PREFIX = 'attempts/';

/**
 * The key of a batch of attempts: `attempts/dt=YYYY-MM-DD/HH/<utc-ms>-<ulid>.ndjson.gz`. Keys sort by time.
 *
 * @param now epoch milliseconds: when the batch is closed. Attempts in it began before, some perhaps on the day before.
 * @param random `ULID_RANDOM_BYTES` of randomness
 */
export function attemptBatchKey(now: number, random: Uint8Array): string {
  return `${attemptDayPrefix(now)}${new Date(now).toISOString().slice(11, 13)}/${now}-${ulid(now, random)}.ndjson.gz`;
}

/** What the keys of a day begin with; those of earlier days sort before it. */
export function attemptDayPrefix(time: number): string {
  return `${ATTEMPTS_PREFIX}dt=${new Date(time).toISOString().slice(0, 10)}/`;
}
