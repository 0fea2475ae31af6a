import type { Reason, Status } from '@millrace/core';
import type { Row } from '../row.ts';
import type { Item } from './expressions.ts';

/** The row that an item holds; undefined when it is not one of a message. */
export function toRow(item: Item): Row | undefined {
  const name = item['messageId']?.S;
  if (name === undefined) return undefined;
  const number = (key: string): number => Number(item[key]?.N ?? 0);
  return {
    name,
    status: item['status']?.S as Status,
    round: number('round'),
    attempts: number('attempts'),
    token: item['token']?.S ?? null,
    due: item['due'] === undefined ? null : number('due'),
    reason: (item['reason']?.S ?? null) as Reason | null,
    replays: number('replays'),
    maxAttempts: number('maxAttempts'),
    expiresAt: number('expiresAt'),
    contentHash: item['contentHash']?.S ?? '',
  };
}
