/**
 * `CircuitStore` on AWS: a table of its own, one item a target.
 *
 * The key is a hash, so that targets are spread over the table whatever they are called, and a cursor tells nothing of
 * the sender that it stands at. Each write puts the whole item under the condition that the one that was seen is there
 * still; its version is a token of the call, so that a call that is repeated finds out that it has succeeded.
 */

import { hash, randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import pMap from 'p-map';
import { stateExpiry, type TargetKey, type TargetState } from '../domain/target-state.ts';
import { InvalidCursorError, StoreUnavailableError } from '../errors.ts';
import type {
  CircuitStore,
  KnownTarget,
  ListedTarget,
  TargetWrite,
  TargetWriteResult,
} from '../ports/circuit-store.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import { type AwsCall, calling, toAwsError } from './aws-errors.ts';
import { WRITES_AT_ONCE } from './aws-store-parts.ts';
import { type Item, ttlSeconds } from './message-item.ts';

export interface DynamoCircuitStoreOptions {
  readonly client: DynamoDBClient;
  /** Its key is `pk`, a text; `ttl` is when an item may be deleted. */
  readonly tableName: string;
  readonly clock?: Clock;
}

/** Of BatchGetItem. */
const KEYS_A_CALL = 100;
/** What DynamoDB does not get to within a call is asked for again this often. */
const ASKS = 4;
/** Items that one call of a listing looks at, at least: a filter may leave few of them. */
const SCAN_ITEMS = 500;
/** Calls that one page of a listing makes before it comes back short. */
const SCANS = 10;

/** Needs the permissions `dynamodb:BatchGetItem`, `GetItem`, `PutItem` and `Scan`. */
export function createDynamoCircuitStore(options: DynamoCircuitStoreOptions): CircuitStore {
  const { client, tableName: TableName, clock = systemClock } = options;
  const call = (action: string): AwsCall => ({ action: `dynamodb:${action}`, resource: `table ${TableName}` });

  async function readBatch(keys: readonly string[]): Promise<readonly Item[]> {
    const items: Item[] = [];
    let missing: Item[] = keys.map((pk) => ({ pk: { S: pk } }));
    for (let ask = 0; ask < ASKS && missing.length > 0; ask++) {
      const command = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: missing } } });
      const { Responses = {}, UnprocessedKeys = {} } = await calling(call('BatchGetItem'), () => client.send(command));
      items.push(...(Responses[TableName] ?? []));
      missing = UnprocessedKeys[TableName]?.Keys ?? [];
    }
    if (missing.length > 0)
      throw new StoreUnavailableError(`table ${TableName} has not read all that it was asked for`);
    return items;
  }

  async function writeOne({ key, state, seen }: TargetWrite): Promise<TargetWriteResult> {
    const now = clock.now();
    const version = randomUUID();
    const command = new PutItemCommand({
      TableName,
      Item: toItem(key, state, version, now),
      ...(seen === null
        ? {
            ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
            ExpressionAttributeValues: { ':now': { N: String(now) } },
          }
        : { ConditionExpression: 'version = :seen', ExpressionAttributeValues: { ':seen': { S: seen } } }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      await client.send(command);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw toAwsError(error, call('PutItem'));
      const there = error.Item ?? (await readNow(key));
      const isOwnWrite = there?.['version']?.S === version;
      if (!isOwnWrite) return { kind: 'conflict', current: toKnown(there, now) };
    }
    return { kind: 'written', version };
  }

  /** Emulators know the condition, but do not all return the item with its failure. */
  async function readNow(key: TargetKey): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName, Key: { pk: { S: keyOf(key) } }, ConsistentRead: true });
    const { Item: item } = await calling(call('GetItem'), () => client.send(command));
    return item;
  }

  return {
    async read(keys) {
      const names = keys.map(keyOf);
      const found = new Map<string, Item>();
      const distinct = [...new Set(names)];
      for (let start = 0; start < distinct.length; start += KEYS_A_CALL) {
        const items = await readBatch(distinct.slice(start, start + KEYS_A_CALL));
        for (const item of items) found.set(item['pk']?.S ?? '', item);
      }
      const now = clock.now();
      return names.map((name) => toKnown(found.get(name), now));
    },

    write: (writes) => pMap(writes, writeOne, { concurrency: WRITES_AT_ONCE }),

    async list({ senderId, limit, cursor }) {
      const targets: ListedTarget[] = [];
      let after = parseCursor(cursor);
      for (let scan = 0; scan < SCANS; scan++) {
        const command = new ScanCommand({
          TableName,
          ConsistentRead: true,
          Limit: Math.max(SCAN_ITEMS, limit),
          ...scanFilter(senderId, clock.now()),
          ...(after === undefined ? {} : { ExclusiveStartKey: { pk: { S: after } } }),
        });
        const { Items = [], LastEvaluatedKey } = await calling(call('Scan'), () => client.send(command));
        const wanted = Items.slice(0, limit - targets.length);
        targets.push(...wanted.map(toListed));
        if (wanted.length < Items.length) return { targets, cursor: wanted.at(-1)?.['pk']?.S ?? null };
        after = LastEvaluatedKey?.['pk']?.S;
        if (after === undefined) return { targets, cursor: null };
        if (targets.length === limit) break;
      }
      return { targets, cursor: after ?? null };
    },
  };
}

function keyOf({ senderId, target }: TargetKey): string {
  return hash('sha256', `${senderId}\n${target}`, 'base64url');
}

function toItem({ senderId, target }: TargetKey, state: TargetState, version: string, now: number): Item {
  const expiresAt = stateExpiry(state, now);
  return {
    pk: { S: keyOf({ senderId, target }) },
    senderId: { S: senderId },
    target: { S: target },
    version: { S: version },
    state: { S: JSON.stringify(state) },
    ...(expiresAt === null ? {} : { expiresAt: { N: String(expiresAt) }, ttl: { N: String(ttlSeconds(expiresAt)) } }),
  };
}

function toKnown(item: Item | undefined, now: number): KnownTarget | null {
  if (item === undefined) return null;
  const expiresAt = item['expiresAt']?.N;
  const isOver = expiresAt !== undefined && Number(expiresAt) <= now;
  return isOver ? null : { state: toState(item), version: item['version']?.S ?? '' };
}

function toListed(item: Item): ListedTarget {
  return { key: { senderId: item['senderId']?.S ?? '', target: item['target']?.S ?? '' }, state: toState(item) };
}

function toState(item: Item): TargetState {
  return JSON.parse(item['state']?.S ?? '');
}

function scanFilter(senderId: string | undefined, now: number) {
  const isThere = '(attribute_not_exists(expiresAt) OR expiresAt > :now)';
  return {
    FilterExpression: senderId === undefined ? isThere : `${isThere} AND senderId = :senderId`,
    ExpressionAttributeValues: {
      ':now': { N: String(now) },
      ...(senderId === undefined ? {} : { ':senderId': { S: senderId } }),
    },
  };
}

/** A cursor is the key of the item that the next page lies behind. */
function parseCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || /^[\w-]{43}$/.test(cursor)) return cursor;
  throw new InvalidCursorError();
}
