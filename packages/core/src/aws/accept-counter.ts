/**
 * Counts accepted messages by day, apart from their rows: a row that disappears shows as a difference between the two.
 *
 * One write a batch. It comes after the rows and is never repeated, so that a crash or a lost answer can only make the
 * count too small: more counted than there are rows means that rows were lost.
 */

import { type DynamoDBClient, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { calling } from './aws-errors.ts';
import { type Item, toAttribute } from './message-item.ts';
import { RESERVED } from './message-table.ts';

export interface AcceptCounter {
  /** Never throws. */
  add(count: number, now: number): Promise<void>;
  /** Accepted messages by day (`YYYY-MM-DD`, UTC), of the days from `first` on. */
  read(first: string): Promise<ReadonlyMap<string, number>>;
}

/** A partition takes 1,000 writes a second; each shard is a partition key of its own. */
const SHARDS = Array.from({ length: 16 }, (_, shard) => `${RESERVED}accepted${RESERVED}${shard}`);
/** Days that a count is kept: longer than any row. */
const KEEP_DAYS = 60;
const DAY_MS = 86_400_000;

export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/**
 * @param client one that does not try again by itself: adding is not safe to repeat
 * @param random uniform in [0, 1)
 */
export function createAcceptCounter(client: DynamoDBClient, tableName: string, random: () => number): AcceptCounter {
  /** A page holds more days than are kept. */
  async function readShard(pk: string, first: string): Promise<readonly Item[]> {
    const command = new QueryCommand({
      TableName: tableName,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk >= :first',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':first': { S: first } },
    });
    const call = { action: 'dynamodb:Query', resource: `table ${tableName}` };
    const { Items = [] } = await calling(call, () => client.send(command));
    return Items;
  }

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

    async read(first) {
      const counts = new Map<string, number>();
      const days = await Promise.all(SHARDS.map((pk) => readShard(pk, first)));
      for (const item of days.flat()) {
        const day = item['sk']?.S ?? '';
        counts.set(day, (counts.get(day) ?? 0) + Number(item['count']?.N ?? 0));
      }
      return counts;
    },
  };
}
