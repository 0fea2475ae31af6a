/** A table of DynamoDB in memory: what the store asks of it, each call at one moment. */

import {
  type AttributeValue,
  type BatchGetItemCommandInput,
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

  function getAll({ RequestItems = {} }: BatchGetItemCommandInput): ServiceOutputTypes {
    const found = (keys: readonly Item[]): Item[] => {
      return keys.flatMap((key) => {
        const item = items.get(keyOf(key));
        return item === undefined ? [] : [{ ...item }];
      });
    };
    const Responses = Object.fromEntries(
      Object.entries(RequestItems).map(([name, { Keys = [] }]) => [name, found(Keys)] as const),
    );
    return { ...NO_METADATA, Responses, UnprocessedKeys: {} };
  }

  function query(input: QueryCommandInput): ServiceOutputTypes {
    const { KeyConditionExpression, IndexName, ScanIndexForward = true } = input;
    const sortKey = IndexName === undefined ? 'sk' : INDEX_SORT_KEY;
    const sortOf = (item: Item): string => item[sortKey]?.S ?? '';
    const found = [...items.values()]
      .filter((item) => holds(KeyConditionExpression, item, input))
      .sort((a, b) => (sortOf(a) < sortOf(b) ? -1 : 1));
    if (!ScanIndexForward) found.reverse();
    const { page, more } = pageOf(found, input);
    return { ...NO_METADATA, Items: page.map((item) => ({ ...item })), ...more };
  }

  /** All is in the first segment. */
  function scan(input: ScanCommandInput): ServiceOutputTypes {
    const { Segment = 0, FilterExpression } = input;
    const { page, more } = pageOf(Segment === 0 ? [...items.values()] : [], input);
    const matching = page.filter((item) => holds(FilterExpression, item, input));
    return { ...NO_METADATA, Items: matching.map((item) => ({ ...item })), ...more };
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
        case 'BatchGetItemCommand':
          return getAll(input as BatchGetItemCommandInput);
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

interface Paging {
  readonly Limit?: number | undefined;
  readonly ExclusiveStartKey?: Item | undefined;
}

/** One page of what was found, and where the next one begins, if there is one. */
function pageOf(found: readonly Item[], { Limit = found.length, ExclusiveStartKey }: Paging) {
  const start = found.findIndex((item) => ExclusiveStartKey && keyOf(item) === keyOf(ExclusiveStartKey)) + 1;
  const page = found.slice(start, start + Limit);
  const last = page.at(-1);
  const isLast = start + page.length >= found.length;
  return { page, more: isLast || last === undefined ? {} : { LastEvaluatedKey: keyAttributes(last) } };
}

/** A table has a sort key or none. */
function keyAttributes({ pk, sk }: Item): Record<string, AttributeValue> {
  return { ...(pk && { pk }), ...(sk && { sk }) };
}

function keyOf({ pk, sk }: Item): string {
  return `${pk?.S}\n${sk?.S}`;
}
