/**
 * The row of a message as an item of the table.
 *
 * Item sizes are the cost of the system: a row stays below 1 KB, the unit of a write, as long as its URL is short.
 * Bodies and headers are in the queue only, and for dead letters in the object store.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Identity, identityKey } from '../domain/identity.ts';
import type { Status } from '../domain/lifecycle.ts';
import type { Reason } from '../domain/outcome.ts';
import type { MessageView } from '../ports/message-store.ts';
import { failedIndexKey } from './failed-index.ts';
import type { MessageRow } from './message-row.ts';

export type Item = Record<string, AttributeValue>;

/** An attribute that is only there when there is something to say. */
const ifAny = (name: string, value: string | number | null | undefined): Item =>
  value === null || value === undefined ? {} : { [name]: toAttribute(value) };

export function toAttribute(value: string | number): AttributeValue {
  return typeof value === 'number' ? { N: String(value) } : { S: value };
}

export function itemKey(identity: Identity): Item {
  const { pk, sk } = identityKey(identity);
  return { pk: { S: pk }, sk: { S: sk } };
}

/** Characters of an error that a row keeps: more would make most rows that failed once two units of a write. */
const ERROR_LENGTH = 400;

export function cut(text: string): string {
  return text.length > ERROR_LENGTH ? `${text.slice(0, ERROR_LENGTH - 1)}…` : text;
}

/** Seconds since 1970, as the table's own deletion wants them; never before `removeAt`. */
export function ttlSeconds(removeAt: number): number {
  return Math.ceil(removeAt / 1_000);
}

export function toItem(row: MessageRow): Item {
  const { identity, error } = row;
  return {
    ...itemKey(identity),
    senderId: { S: identity.senderId },
    messageId: { S: identity.messageId },
    timestamp: { S: identity.timestamp },
    targetUrl: { S: identity.targetUrl },
    writeToken: { S: row.writeToken },
    contentHash: { S: row.contentHash },
    status: { S: row.status },
    round: toAttribute(row.round),
    attempts: toAttribute(row.attempts),
    ...ifAny('token', row.token),
    ...ifAny('due', row.due),
    ...ifAny('reason', row.reason),
    replays: toAttribute(row.replays),
    maxAttempts: toAttribute(row.maxAttempts),
    pastAttempts: toAttribute(row.pastAttempts),
    lifetime: toAttribute(row.lifetime),
    acceptedAt: toAttribute(row.acceptedAt),
    updatedAt: toAttribute(row.updatedAt),
    expiresAt: toAttribute(row.expiresAt),
    ...ifAny('resentAt', row.resentAt),
    ...ifAny('error', error && cut(error.message)),
    ...ifAny('errorStatus', error?.statusCode),
    ...ifAny('errorAt', error?.at),
    removeAt: toAttribute(row.removeAt),
    ttl: toAttribute(ttlSeconds(row.removeAt)),
    ...(row.status === 'FAILED' ? failedIndexKey(row) : {}),
  };
}

export function fromItem(item: Item): MessageRow {
  const text = (name: string): string => item[name]?.S ?? '';
  const number = (name: string): number => Number(item[name]?.N ?? 0);
  const optionalNumber = (name: string): number | null => (item[name] === undefined ? null : number(name));
  const errorAt = optionalNumber('errorAt');
  return {
    identity: {
      senderId: text('senderId'),
      messageId: text('messageId'),
      timestamp: text('timestamp'),
      targetUrl: text('targetUrl'),
    },
    writeToken: text('writeToken'),
    contentHash: text('contentHash'),
    status: text('status') as Status,
    round: number('round'),
    attempts: number('attempts'),
    token: item['token']?.S ?? null,
    due: optionalNumber('due'),
    reason: (item['reason']?.S ?? null) as Reason | null,
    replays: number('replays'),
    maxAttempts: number('maxAttempts'),
    pastAttempts: number('pastAttempts'),
    lifetime: number('lifetime'),
    acceptedAt: number('acceptedAt'),
    updatedAt: number('updatedAt'),
    expiresAt: number('expiresAt'),
    resentAt: optionalNumber('resentAt'),
    error: errorAt === null ? null : { statusCode: optionalNumber('errorStatus'), message: text('error'), at: errorAt },
    removeAt: number('removeAt'),
  };
}

export function toView(row: MessageRow): MessageView {
  return {
    identity: row.identity,
    status: row.status,
    attempts: row.attempts,
    maxAttempts: row.maxAttempts,
    totalAttempts: row.pastAttempts + row.attempts,
    replays: row.replays,
    acceptedAt: row.acceptedAt,
    updatedAt: row.updatedAt,
    expiresAt: row.expiresAt,
    nextAttemptAt: row.due,
    reason: row.reason,
    lastError: row.error,
  };
}
