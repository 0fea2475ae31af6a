/** A table of DynamoDB in memory: what the store asks of it, each call at one moment. */

import {
  ConditionalCheckFailedException,
  type GetItemCommandInput,
  type PutItemCommandInput,
  type QueryCommandInput,
  type ScanCommandInput,
  type ServiceInputTypes,
  type ServiceOutputTypes,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { holds, type Item, updated } from './expressions.ts';

export interface Table {
  /**
   * Answers a command of the SDK by its name.
   * @param onWrite is told of the item that is written, if one is
   * @throws ConditionalCheckFailedException
   */
  answer(command: string, input: ServiceInputTypes, onWrite: (item: Item) => void): ServiceOutputTypes;
}

/** Of the index over FAILED rows. */
const INDEX_SORT_KEY = 'failedSort';

const NO_METADATA = { $metadata: {} } as const;

export function createTable(): Table {
  const items = new Map<string, Item>();

  function assertCondition(
    existing: Item | undefined,
    input: Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>,
  ): void {
    if (holds(input.ConditionExpression, existing, input)) return;
    throw new ConditionalCheckFailedException({
      message: 'the conditional request failed',
      ...(existing === undefined ? {} : { Item: { ...existing } }),
      ...NO_METADATA,
    });
  }

  function put(input: PutItemCommandInput): Item {
    const { Item: item = {} } = input;
    assertCondition(items.get(keyOf(item)), input);
    items.set(keyOf(item), item);
    return item;
  }

  function update(input: UpdateItemCommandInput): Item {
    const { Key = {}, UpdateExpression = '' } = input;
    const existing = items.get(keyOf(Key));
    assertCondition(existing, input);
    const item = updated(UpdateExpression, existing ?? Key, input);
    items.set(keyOf(item), item);
    return item;
  }

  function get({ Key = {} }: GetItemCommandInput): ServiceOutputTypes {
    const item = items.get(keyOf(Key));
    return { ...NO_METADATA, ...(item === undefined ? {} : { Item: { ...item } }) };
  }

  function query(input: QueryCommandInput): ServiceOutputTypes {
    const { KeyConditionExpression, IndexName, ScanIndexForward = true, Limit = items.size, ExclusiveStartKey } = input;
    const sortKey = IndexName === undefined ? 'sk' : INDEX_SORT_KEY;
    const sortOf = (item: Item): string => item[sortKey]?.S ?? '';
    const found = [...items.values()]
      .filter((item) => holds(KeyConditionExpression, item, input))
      .sort((a, b) => (sortOf(a) < sortOf(b) ? -1 : 1));
    if (!ScanIndexForward) found.reverse();
    const start = found.findIndex((item) => ExclusiveStartKey && keyOf(item) === keyOf(ExclusiveStartKey)) + 1;
    const page = found.slice(start, start + Limit);
    const last = page.at(-1);
    const isLast = start + page.length >= found.length;
    return {
      ...NO_METADATA,
      Items: page.map((item) => ({ ...item })),
      ...(isLast || last === undefined ? {} : { LastEvaluatedKey: { pk: last['pk'], sk: last['sk'] } as Item }),
    };
  }

  /** All is in the first segment. */
  function scan({ Segment = 0 }: ScanCommandInput): ServiceOutputTypes {
    return { ...NO_METADATA, Items: Segment === 0 ? [...items.values()] : [] };
  }

  return {
    answer(command, input, onWrite) {
      switch (command) {
        case 'PutItemCommand':
          onWrite(put(input as PutItemCommandInput));
          return NO_METADATA;
        case 'UpdateItemCommand': {
          const item = update(input as UpdateItemCommandInput);
          onWrite(item);
          return { ...NO_METADATA, Attributes: { ...item } };
        }
        case 'GetItemCommand':
          return get(input as GetItemCommandInput);
        case 'QueryCommand':
          return query(input as QueryCommandInput);
        case 'ScanCommand':
          return scan(input as ScanCommandInput);
        default:
          throw new Error(`the simulation does not know ${command}`);
      }
    },
  };
}

function keyOf({ pk, sk }: Item): string {
  return `${pk?.S}\n${sk?.S}`;
}
