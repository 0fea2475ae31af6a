/**
 * Names of the objects of the attempt log: `attempts/dt=YYYY-MM-DD/HH/<ms>-<ulid>.ndjson.gz`, see `attemptBatchKey`;
 * without `attempts/` when that is part of the source's prefix, and without `.gz` when someone unpacked them.
 */

import { ATTEMPTS_PREFIX, attemptDayPrefix } from '@millrace/core';
import type { KeyReading, ListingRange } from '../dataset.ts';

const NAME = /^(?:attempts\/)?dt=(\d{4}-\d{2}-\d{2})\/(\d{2})\/(\d{13})-[0-7][0-9A-HJKMNP-TV-Z]{25}\.ndjson(?:\.gz)?$/;

/** Those of 13 digits, from 2001-09-09 to 2286-11-20: their texts sort as they do. */
const FIRST_MS = 1_000_000_000_000;
const LAST_MS = 9_999_999_999_999;

/** @param name of the object below the source's prefix */
export function readBatchName(name: string): KeyReading {
  const match = NAME.exec(name);
  if (match === null) return { kind: 'ignored', reason: 'not a batch of attempts' };
  const [, day, hour, digits] = match;
  const time = Number(digits);
  const isThere = new Date(time).toISOString().startsWith(`${day}T${hour}:`);
  return isThere ? { kind: 'source', time } : { kind: 'ignored', reason: 'not in the folder of its hour' };
}

/**
 * One for each of the two places where names can begin.
 *
 * @param since epoch milliseconds
 */
export function batchNameRanges(since: number): readonly ListingRange[] {
  const time = Math.min(Math.max(Math.floor(since), FIRST_MS), LAST_MS);
  const start = `${attemptDayPrefix(time)}${new Date(time).toISOString().slice(11, 13)}/${time}`;
  return [
    { prefix: `${ATTEMPTS_PREFIX}dt=`, startAfter: start },
    { prefix: 'dt=', startAfter: start.slice(ATTEMPTS_PREFIX.length) },
  ];
}
