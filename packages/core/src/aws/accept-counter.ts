/**
 * Counts accepted messages by day, apart from their rows: a row that disappears shows as a difference between the two.
 *
 * One write a batch. It comes after the rows and is never repeated, so that a crash or a lost answer can only make the
 * count too small: more counted than there are rows means that rows were lost.
 */

import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Item, toAttribute } from './message-item.ts';
import { RESERVED } from './message-table.ts';

export interface AcceptCounter {
  /** Never throws. */
  add(count: number, now: number): Promise<void>;
}

/** A partition takes 1,000 writes a second; each shard is a partition key of its own. */
const PREFIX = `${RESERVED}accepted${RESERVED}`;
const SHARDS = Array.from({ length: 16 }, (_, shard) => `${PREFIX}${shard}`);
/** Days that a count is kept: longer than any row. */
const KEEP_DAYS = 60;
const DAY_MS = 86_400_000;

export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** What an item of the table counts; undefined when it is not one of the counter's. */
export function readCount(item: Item): { readonly day: string; readonly count: number } | undefined {
  if (!item['pk']?.S?.startsWith(PREFIX)) return undefined;
  return { day: item['sk']?.S ?? '', count: Number(item['count']?.N ?? 0) };
}

/**
 * @param client one that does not try again by itself: adding is not safe to repeat
 * @param random uniform in [0, 1)
 */
export function createAcceptCounter(client: DynamoDBClient, tableName: string, random: () => number): AcceptCounter {
  return {
    async add(count, now) {
      if (count === 0) return;
      const pk = SHARDS[Math.floor(random() * SHARDS.length)] ?? '';
      const command = new UpdateItemCommand({
        TableName: tableName,
        Key: { pk: { S: pk }, sk: { S: dayOf(now) } },
        UpdateExpression: 'ADD #count :count SET #ttl = :ttl',
        ExpressionAttributeNames: { '#count': 'count', '#ttl': 'ttl' },
        ExpressionAttributeValues: {
          ':count': toAttribute(count),
          ':ttl': toAttribute(Math.floor((now + KEEP_DAYS * DAY_MS) / 1_000)),
        },
      });
      await client.send(command).catch(() => undefined);
    },
  };
}
