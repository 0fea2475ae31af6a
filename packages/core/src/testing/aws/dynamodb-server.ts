/**
 * DynamoDB in memory: dynalite, with what it misses that Millrace needs.
 *
 * - A table is ready when CreateTable answers.
 * - A failed condition brings the item along (`ReturnValuesOnConditionCheckFailure`). It is read before the next write
 *   of that item starts: dynalite passes the lock of an item on no sooner than in a later turn of the event loop.
 * - Capacity is metered for every call, also for failed conditions.
 */

import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { failedWriteUnits } from './item-size.ts';
import { isJson, objects, text } from './json-input.ts';
import { type Json, type JsonService, ServiceError } from './service.ts';

export const DYNAMODB_LACKS: readonly string[] = [
  'dynamodb deletion of items after their TTL',
  'dynamodb capacity of index writes',
  'dynamodb transactions',
  'dynamodb PartiQL',
  'dynamodb streams and backups',
  'dynamodb throttling of hot partitions',
];

export interface Capacity {
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface DynamodbServerOptions {
  /** Told what each call consumed. */
  readonly meter: (action: string, capacity: Capacity) => void;
}

const VERSION = 'DynamoDB_20120810';
const CONDITION_FAILED = 'ConditionalCheckFailedException';
const METERED_WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
const METERED_READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);
const ITEM_WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);

/** It looks for headers of a signature and does not check it. */
const HEADERS = {
  'content-type': 'application/x-amz-json-1.0',
  authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none',
  'x-amz-date': '20261122T100000Z',
};

export function createDynamodbServer({ meter }: DynamodbServerOptions): JsonService {
  const keyNames = new Map<string, readonly string[]>();
  let server: Promise<Server> | undefined;

  /** dynalite is loaded by the first call: most tests of other services never need it. */
  async function send(action: string, input: Json): Promise<Json> {
    server ??= import('dynalite').then(({ default: dynalite }) =>
      dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }),
    );
    const { status, body } = await ask(await server, action, input);
    if (status === 200) return body;
    const message = body['message'] ?? body['Message'];
    throw new ServiceError(String(body['__type']), typeof message === 'string' ? message : '', { status });
  }

  async function metered(action: string, input: Json): Promise<Json> {
    const isWrite = METERED_WRITES.has(action);
    if (!isWrite && !METERED_READS.has(action)) return await send(action, input);
    const isAsked = input['ReturnConsumedCapacity'] !== undefined && input['ReturnConsumedCapacity'] !== 'NONE';
    const answer = await send(action, isAsked ? input : { ...input, ReturnConsumedCapacity: 'TOTAL' });
    const units = consumedUnits(answer['ConsumedCapacity']);
    meter(action, isWrite ? { readUnits: 0, writeUnits: units } : { readUnits: units, writeUnits: 0 });
    if (isAsked) return answer;
    const { ConsumedCapacity: _, ...rest } = answer;
    return rest;
  }

  function keyOf(action: string, input: Json): Json {
    const { Key, Item } = input;
    if (action !== 'PutItem') return isJson(Key) ? Key : {};
    const names = keyNames.get(text(input, 'TableName') ?? '') ?? [];
    return isJson(Item) ? Object.fromEntries(names.map((name) => [name, Item[name]])) : {};
  }

  async function writeItem(action: string, input: Json): Promise<Json> {
    try {
      return await metered(action, input);
    } catch (error) {
      if (!(error instanceof ServiceError) || !error.type.endsWith(`#${CONDITION_FAILED}`)) throw error;
      const { Item } = await send('GetItem', {
        TableName: input['TableName'],
        Key: keyOf(action, input),
        ConsistentRead: true,
      });
      const item = isJson(Item) ? Item : undefined;
      meter(action, { readUnits: 0, writeUnits: failedWriteUnits(item) });
      const isAsked = input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD' && item !== undefined;
      throw isAsked ? new ServiceError(error.type, error.message, { details: { Item: item } }) : error;
    }
  }

  async function statusOf(tableName: string): Promise<unknown> {
    try {
      const { Table } = await send('DescribeTable', { TableName: tableName });
      return isJson(Table) ? Table['TableStatus'] : undefined;
    } catch (error) {
      if (error instanceof ServiceError) return undefined;
      throw error;
    }
  }

  async function changeTable(action: string, input: Json): Promise<Json> {
    const answer = await send(action, input);
    const tableName = text(input, 'TableName') ?? '';
    const schema = objects(input, 'KeySchema');
    if (schema.length > 0)
      keyNames.set(
        tableName,
        schema.map((part) => text(part, 'AttributeName') ?? ''),
      );
    const settled = action === 'DeleteTable' ? undefined : 'ACTIVE';
    while ((await statusOf(tableName)) !== settled) await setImmediate();
    return answer;
  }

  return {
    call(action, input) {
      if (ITEM_WRITES.has(action)) return writeItem(action, input);
      const changesTable = action === 'CreateTable' || action === 'UpdateTable' || action === 'DeleteTable';
      return changesTable ? changeTable(action, input) : metered(action, input);
    },
  };
}

/** Hands a request to the server without a connection between: it is in this process. */
function ask(server: Server, action: string, input: Json): Promise<{ status: number; body: Json }> {
  return new Promise((resolve) => {
    const request = Object.assign(new EventEmitter(), {
      method: 'POST',
      url: '/',
      headers: { ...HEADERS, 'x-amz-target': `${VERSION}.${action}` },
    });
    const response = {
      statusCode: 200,
      setHeader() {},
      end(body: string) {
        resolve({ status: response.statusCode, body: JSON.parse(body) });
      },
    };
    server.emit('request', request, response);
    request.emit('data', Buffer.from(JSON.stringify(input)));
    request.emit('end');
  });
}

function consumedUnits(consumed: unknown): number {
  if (Array.isArray(consumed)) return consumed.reduce<number>((sum, one) => sum + consumedUnits(one), 0);
  return isJson(consumed) ? Number(consumed['CapacityUnits']) : 0;
}
