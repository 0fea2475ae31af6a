/**
 * The index of dead letters: sparse, because only FAILED rows have its key, and spread over shards, because an outage
 * makes dead letters faster than one partition takes them (1,000 writes a second).
 */

import { hash } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Identity, identityKey } from '../domain/identity.ts';
import { InvalidCursorError } from '../errors.ts';
import type { MessageFilter } from '../ports/message-store.ts';
import type { MessageRow } from './message-row.ts';

export const FAILED_INDEX = 'failed';

/** Never changed: rows would be looked for in the wrong shard. */
const SHARD_COUNT = 8;
export const FAILED_SHARDS: readonly string[] = Array.from({ length: SHARD_COUNT }, (_, shard) => `failed-${shard}`);

/** Digits of epoch milliseconds until the year 5138, so that text order is the order of time. */
const TIME_DIGITS = 14;

/** The attributes that put a row into the index: a shard, and within it the time of acceptance. */
export function failedIndexKey(row: Pick<MessageRow, 'identity' | 'acceptedAt'>): Record<string, AttributeValue> {
  return { failedShard: { S: shardOf(row.identity) }, failedSort: { S: failedSort(row) } };
}

/**
 * Text order over all shards is the order of acceptance; no two messages have the same. It goes into cursors, which may
 * end at the message of another sender: nothing can be read from it but a time.
 */
export function failedSort({ identity, acceptedAt }: Pick<MessageRow, 'identity' | 'acceptedAt'>): string {
  const { pk, sk } = identityKey(identity);
  return `${timePrefix(acceptedAt)}#${hash('sha256', `${pk}#${sk}`, 'base64url')}`;
}

function shardOf(identity: Identity): string {
  const { pk, sk } = identityKey(identity);
  const number = hash('sha1', `${pk}#${sk}`, 'buffer').readUInt32BE() % SHARD_COUNT;
  return FAILED_SHARDS[number] ?? '';
}

/** Above every sort key. */
export const START = `${'9'.repeat(TIME_DIGITS)}#~`;

/** Text that all keys of this time and later are not below. */
export function timePrefix(epochMs: number): string {
  return String(Math.max(0, Math.floor(epochMs))).padStart(TIME_DIGITS, '0');
}

/** A part of one shard, newest first, and where the part after it begins; null when there is none. */
export interface FailedSlice {
  readonly rows: readonly MessageRow[];
  readonly end: string | null;
}

/**
 * Puts the slices of all shards together: the newest rows that match, up to the limit, and where the next page begins.
 *
 * Only what is newer than the nearest end of a slice is certain to be complete; the rest is left to the next page.
 */
export function mergeSlices(
  slices: readonly FailedSlice[],
  matches: (row: MessageRow) => boolean,
  limit: number,
): { readonly rows: readonly MessageRow[]; readonly before: string | null } {
  const ends = slices.flatMap(({ end }) => end ?? []).sort();
  const nearestEnd = ends.at(-1) ?? null;
  const complete = slices
    .flatMap(({ rows }) => rows.map((row) => ({ row, sort: failedSort(row) })))
    .filter(({ row, sort }) => (nearestEnd === null || sort >= nearestEnd) && matches(row))
    .sort((a, b) => (a.sort < b.sort ? 1 : -1));
  const page = complete.slice(0, limit);
  const isCut = complete.length > limit;
  return { rows: page.map(({ row }) => row), before: isCut ? (page.at(-1)?.sort ?? null) : nearestEnd };
}

export function matchesFilter({ senderId, target, reason, from, to }: MessageFilter): (row: MessageRow) => boolean {
  const url = target === undefined ? undefined : new URL(target);
  const isOrigin = url !== undefined && url.href === `${url.origin}/`;
  return ({ identity, acceptedAt, reason: rowReason, status }) =>
    status === 'FAILED' &&
    (senderId === undefined || identity.senderId === senderId) &&
    (url === undefined || (isOrigin ? identity.targetUrl.startsWith(url.href) : identity.targetUrl === url.href)) &&
    (reason === undefined || rowReason === reason) &&
    (from === undefined || acceptedAt >= from) &&
    (to === undefined || acceptedAt < to);
}

/** A cursor is the sort key that the next page lies below. */
export function formatCursor(before: string | null): string | null {
  return before === null ? null : Buffer.from(before).toString('base64url');
}

const SORT_KEY = new RegExp(`^\\d{${TIME_DIGITS}}#[\\w~-]+$`);

/** @throws InvalidCursorError */
export function parseCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const before = Buffer.from(cursor, 'base64url').toString();
  if (!SORT_KEY.test(before) || formatCursor(before) !== cursor) throw new InvalidCursorError();
  return before;
}
