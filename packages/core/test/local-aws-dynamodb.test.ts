import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../src/testing/aws/index.ts';
import { failedWriteUnits, itemSize } from '../src/testing/aws/item-size.ts';
import { useLocalAws } from './support/local-aws.ts';

const fixture = useLocalAws('directConfig');

const TableName = 'rows';

async function aTable(): Promise<void> {
  await fixture().dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
}

const UNLESS_THERE = {
  ConditionExpression: 'attribute_not_exists(pk)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const;

const keyOf = (pk: string) => ({ pk: { S: pk }, sk: { S: 's' } });
const itemOf = (pk: string, value = '') => ({ ...keyOf(pk), value: { S: value } });
const units = (action: string) => fixture().aws.calls().get(`dynamodb.${action}`);

const insert = (pk: string, value: string) =>
  fixture().dynamodb.send(new PutItemCommand({ TableName, Item: itemOf(pk, value), ...UNLESS_THERE }));

describe('DynamoDB of the local AWS', () => {
  test('has a table as soon as it was created, and until it is deleted', async () => {
    const { dynamodb } = fixture();
    await aTable();
    await insert('a', '1');
    await dynamodb.send(new DeleteTableCommand({ TableName }));
    await expect(insert('a', '1')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await aTable();
    await insert('a', '1');
  });

  test('brings the item along that made a condition fail', async () => {
    const { dynamodb } = fixture();
    await aTable();
    await insert('a', 'first');
    const refused = { name: 'ConditionalCheckFailedException', Item: itemOf('a', 'first') };
    await expect(insert('a', 'second')).rejects.toMatchObject(refused);
    const condition = {
      TableName,
      Key: keyOf('a'),
      ConditionExpression: '#v = :v',
      ExpressionAttributeNames: { '#v': 'value' },
      ExpressionAttributeValues: { ':v': { S: 'other' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    await expect(dynamodb.send(new DeleteItemCommand(condition))).rejects.toMatchObject(refused);
    await expect(
      dynamodb.send(new UpdateItemCommand({ ...condition, UpdateExpression: 'SET #v = :v' })),
    ).rejects.toMatchObject(refused);
  });

  test('brings no item along that was not asked for, or is not there', async () => {
    const { dynamodb } = fixture();
    await aTable();
    const remove = { TableName, Key: keyOf('a'), ConditionExpression: 'attribute_exists(pk)' };
    const error = await dynamodb
      .send(new DeleteItemCommand({ ...remove, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }))
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'ConditionalCheckFailedException', Item: undefined });
    await insert('a', '1');
    const unasked = await dynamodb
      .send(new DeleteItemCommand({ ...remove, ConditionExpression: 'attribute_not_exists(pk)' }))
      .catch((thrown: Error) => thrown);
    expect(unasked).toMatchObject({ name: 'ConditionalCheckFailedException', Item: undefined });
  });

  test('lets one of many writers of an item win, and shows the others its item', async () => {
    const { aws } = fixture();
    await aTable();
    const write = (pk: string, value: string) =>
      aws.call({ service: 'dynamodb', action: 'PutItem' }, { TableName, Item: itemOf(pk, value), ...UNLESS_THERE });
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.integer({ min: 2, max: 6 }), async (pk, writers) => {
        const results = await Promise.allSettled(Array.from({ length: writers }, (_, n) => write(pk, `${n}`)));
        const winner = results.findIndex(({ status }) => status === 'fulfilled');
        const losers = results.filter((result) => result.status === 'rejected');
        expect(losers).toHaveLength(writers - 1);
        for (const { reason } of losers) expect(reason).toMatchObject({ details: { Item: itemOf(pk, `${winner}`) } });
      }),
    );
  });

  test('brings the item along also when it is being deleted', async () => {
    const { aws } = fixture();
    await aTable();
    const write = (action: string, input: Json) => aws.call({ service: 'dynamodb', action }, { TableName, ...input });
    const numbered = (n: number) => ({ ExpressionAttributeValues: { ':n': { N: `${n}` } } });
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => {
        if (n % 3 === 0) return write('DeleteItem', { Key: keyOf('a') });
        return write('UpdateItem', {
          Key: keyOf('a'),
          UpdateExpression: 'SET n = :n',
          ...UNLESS_THERE,
          ...numbered(n),
        });
      }),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ details: { Item: keyOf('a') } });
  });

  test('has changed a table when it answers', async () => {
    const { aws } = fixture();
    const table = {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    };
    const call = (action: string, input: Json) => aws.call({ service: 'dynamodb', action }, input);
    for (let round = 0; round < 3; round += 1) {
      await call('CreateTable', table);
      await call('PutItem', { TableName, Item: { pk: { S: 'a' } } });
      await call('DeleteTable', { TableName });
    }
  });

  test('meters every call, and shows the units only to those who ask', async () => {
    const { dynamodb } = fixture();
    await aTable();
    const put = { TableName, Item: itemOf('a', 'x'.repeat(3_000)) };
    expect(await dynamodb.send(new PutItemCommand(put))).not.toHaveProperty('ConsumedCapacity');
    expect(await dynamodb.send(new PutItemCommand({ ...put, ReturnConsumedCapacity: 'TOTAL' }))).toMatchObject({
      ConsumedCapacity: { CapacityUnits: 3 },
    });
    expect(units('PutItem')).toMatchObject({ calls: 2, writeUnits: 6, readUnits: 0 });
    await insert('a', 'other').catch(() => undefined);
    expect(units('PutItem')).toMatchObject({ calls: 3, failures: 1, writeUnits: 9 });
    await dynamodb.send(new GetItemCommand({ TableName, Key: keyOf('a'), ConsistentRead: true }));
    await dynamodb.send(new GetItemCommand({ TableName, Key: keyOf('a') }));
    expect(units('GetItem')).toMatchObject({ calls: 2, readUnits: 1.5, writeUnits: 0 });
  });

  test('counts the items of queries, scans and batches', async () => {
    const { dynamodb } = fixture();
    await aTable();
    const puts = ['a', 'b', 'c'].map((pk) => ({ PutRequest: { Item: itemOf(pk) } }));
    await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: puts } }));
    await dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [keyOf('a'), keyOf('b')] } } }));
    await dynamodb.send(new ScanCommand({ TableName }));
    await dynamodb.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'a' } },
      }),
    );
    const items = (action: string) => units(action)?.items;
    expect(['BatchWriteItem', 'BatchGetItem', 'Scan', 'Query'].map(items)).toEqual([3, 2, 3, 1]);
    expect(units('BatchWriteItem')).toMatchObject({ writeUnits: 3 });
  });
});

describe('the size of an item', () => {
  test.each([
    [{}, 0],
    [{ name: { S: 'é' } }, 6],
    [{ a: { N: '-12.5' } }, 4],
    [{ a: { B: 'AAEC' } }, 4],
    [{ a: { BOOL: true }, b: { NULL: true } }, 4],
    [{ a: { SS: ['ab', 'c'] } }, 4],
    [{ a: { L: [{ S: 'ab' }] } }, 7],
    [{ a: { M: { b: { S: 'c' } } } }, 7],
  ])('of %j is %d bytes', (item, size) => {
    expect(itemSize(item)).toBe(size);
  });

  test('makes a failed write cost a unit for each KiB begun, one at least', () => {
    expect(failedWriteUnits(undefined)).toBe(1);
    expect(failedWriteUnits({ a: { S: 'x'.repeat(1_023) } })).toBe(1);
    expect(failedWriteUnits({ a: { S: 'x'.repeat(1_024) } })).toBe(2);
  });
});
