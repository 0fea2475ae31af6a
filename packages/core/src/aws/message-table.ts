/**
 * The table of messages: each change is one conditional write, and a condition that fails brings the row along that
 * made it fail. Nothing here decides what may happen to a message.
 */

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateQuery,
  paginateScan,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Identity, identityKey } from '../domain/identity.ts';
import type { MessageName } from '../ports/message-store.ts';
import { type AwsCall, calling, toAwsError } from './aws-errors.ts';
import { FAILED_INDEX, type FailedSlice, failedSort, timePrefix } from './failed-index.ts';
import { fromItem, type Item, itemKey, toAttribute, toItem } from './message-item.ts';
import type { MessageRow } from './message-row.ts';

/** What a write came to: done, or the row as it stands now (undefined: there is none). */
type WriteResult<T = undefined> =
  | { readonly done: true; readonly row: T }
  | { readonly done: false; readonly existing: MessageRow | undefined };

/** A change of attributes: `null` removes one. */
export interface Change {
  readonly set: Readonly<Record<string, string | number | null>>;
  readonly add?: Readonly<Record<string, number>>;
}

/** A condition in words of the table, `#name` for attributes and `:name` for values. */
interface Condition {
  readonly expression: string;
  readonly names: readonly string[];
  readonly values: Readonly<Record<string, string | number>>;
}

export interface MessageTable {
  /** Writes a row where there is none, or one that has ended and is as good as gone at `now`. */
  insert(row: MessageRow, now: number): Promise<WriteResult>;
  /** Writes a whole row in place of the one that a write with `seenToken` made. */
  replace(row: MessageRow, seenToken: string): Promise<WriteResult>;
  /** Changes a row where the condition holds. */
  update(identity: Identity, change: Change, condition: Condition): Promise<WriteResult<MessageRow>>;
  get(identity: Identity): Promise<MessageRow | undefined>;
  /** All rows of a name, in the order of their keys. */
  find(name: MessageName & { readonly senderId: string }): Promise<readonly MessageRow[]>;
  /** FAILED rows of one shard, newest first: those accepted from `from` on and below the sort key `before`. */
  failedSlice(shard: string, range: { from: number; before: string; limit: number }): Promise<FailedSlice>;
  /** All items of one of `segments` equal parts of the table, page by page: rows, and what is `RESERVED`. */
  scan(segment: number, segments: number): AsyncIterable<readonly Item[]>;
  /** What keeps the table from being used; undefined when nothing does. */
  check(): Promise<void>;
}

/** Keys that begin with it are not of messages. */
export const RESERVED = '#';

export function createMessageTable(client: DynamoDBClient, tableName: string): MessageTable {
  const call = (action: string): AwsCall => ({ action: `dynamodb:${action}`, resource: `table ${tableName}` });
  const TableName = tableName;

  async function get(identity: Identity): Promise<MessageRow | undefined> {
    const { Item: item } = await calling(call('GetItem'), () =>
      client.send(new GetItemCommand({ TableName, Key: itemKey(identity), ConsistentRead: true })),
    );
    return item === undefined ? undefined : fromItem(item);
  }

  /** Emulators know the condition, but do not all return the row with its failure. */
  async function conditional<T>(
    action: string,
    identity: Identity,
    write: () => Promise<T>,
  ): Promise<{ readonly done: true; readonly output: T } | Extract<WriteResult, { done: false }>> {
    try {
      return { done: true, output: await write() };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw toAwsError(error, call(action));
      return { done: false, existing: error.Item === undefined ? await get(identity) : fromItem(error.Item) };
    }
  }

  async function put(row: MessageRow, condition: Condition): Promise<WriteResult> {
    const command = new PutItemCommand({
      TableName,
      Item: toItem(row),
      ...conditionExpressions(condition),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const result = await conditional('PutItem', row.identity, () => client.send(command));
    return result.done ? { done: true, row: undefined } : result;
  }

  return {
    get,

    insert: (row, now) =>
      put(row, {
        expression: 'attribute_not_exists(pk) OR (#removeAt <= :now AND #status IN (:success, :failed))',
        names: ['removeAt', 'status'],
        values: { now, success: 'SUCCESS', failed: 'FAILED' },
      }),

    replace: (row, seenToken) =>
      put(row, { expression: '#writeToken = :seen', names: ['writeToken'], values: { seen: seenToken } }),

    async update(identity, change, condition) {
      const command = new UpdateItemCommand({
        TableName,
        Key: itemKey(identity),
        ...updateExpressions(change, condition),
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      const result = await conditional('UpdateItem', identity, () => client.send(command));
      return result.done ? { done: true, row: fromItem(result.output.Attributes ?? {}) } : result;
    },

    async find({ senderId, messageId, timestamp, targetUrl }) {
      const { pk, sk } = identityKey({ senderId, messageId, timestamp: timestamp ?? '', targetUrl: targetUrl ?? '' });
      const prefix = timestamp === undefined ? '' : targetUrl === undefined ? `${timestamp}#` : sk;
      const query = {
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: { ':pk': { S: pk }, ...(prefix === '' ? {} : { ':sk': { S: prefix } }) },
      };
      const rows: MessageRow[] = [];
      for await (const items of itemsOf(call('Query'), paginateQuery({ client }, query))) {
        rows.push(...items.map(fromItem));
      }
      return rows.filter(({ identity }) => targetUrl === undefined || identity.targetUrl === targetUrl);
    },

    async failedSlice(shard, { from, before, limit }) {
      const command = new QueryCommand({
        TableName,
        IndexName: FAILED_INDEX,
        KeyConditionExpression: 'failedShard = :shard AND failedSort BETWEEN :from AND :before',
        ExpressionAttributeValues: {
          ':shard': { S: shard },
          ':from': { S: timePrefix(from) },
          ':before': { S: before },
        },
        ScanIndexForward: false,
        // One more, as BETWEEN includes the key that the page before ended with.
        Limit: limit + 1,
      });
      const { Items = [], LastEvaluatedKey } = await calling(
        { ...call('Query'), resource: `index ${FAILED_INDEX} of table ${tableName}` },
        () => client.send(command),
      );
      const rows = Items.map(fromItem);
      const last = rows.at(-1);
      const end = LastEvaluatedKey === undefined || last === undefined ? null : failedSort(last);
      return { rows: rows.filter((row) => failedSort(row) !== before), end };
    },

    scan: (segment, segments) =>
      itemsOf(call('Scan'), paginateScan({ client }, { TableName, Segment: segment, TotalSegments: segments })),

    async check() {
      const Key = { pk: { S: `${RESERVED}health` }, sk: { S: '-' } };
      await calling(call('GetItem'), () => client.send(new GetItemCommand({ TableName, Key })));
    },
  };
}

/** The items of each page. */
async function* itemsOf(
  call: AwsCall,
  pages: AsyncIterable<{ readonly Items?: readonly Item[] | undefined }>,
): AsyncGenerator<readonly Item[]> {
  try {
    for await (const { Items = [] } of pages) yield Items;
  } catch (error) {
    throw toAwsError(error, call);
  }
}

function conditionExpressions({ expression, names, values }: Condition) {
  return {
    ConditionExpression: expression,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`:${name}`, toAttribute(value)]),
    ),
  };
}

function updateExpressions({ set, add = {} }: Change, condition: Condition) {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  const assignments: string[] = [];
  const removals: string[] = [];
  for (const [name, value] of Object.entries(set)) {
    names[`#${name}`] = name;
    if (value === null) {
      removals.push(`#${name}`);
      continue;
    }
    values[`:set_${name}`] = toAttribute(value);
    assignments.push(`#${name} = :set_${name}`);
  }
  for (const [name, value] of Object.entries(add)) {
    names[`#${name}`] = name;
    values[`:add_${name}`] = toAttribute(value);
    assignments.push(`#${name} = #${name} + :add_${name}`);
  }
  const remove = removals.length === 0 ? '' : ` REMOVE ${removals.join(', ')}`;
  const conditions = conditionExpressions(condition);
  return {
    UpdateExpression: `SET ${assignments.join(', ')}${remove}`,
    ConditionExpression: conditions.ConditionExpression,
    ExpressionAttributeNames: { ...names, ...conditions.ExpressionAttributeNames },
    ExpressionAttributeValues: { ...values, ...conditions.ExpressionAttributeValues },
  };
}
