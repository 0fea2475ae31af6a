import { afterAll, describe, expect, test } from '@jest/globals';
import { AwsAccessError, createDynamoCircuitStore } from '@millrace/core/aws';
import { describeCircuitStore, START_TIME, useHarness } from '@millrace/core/testing';
import { closeInstances, openAwsHarness } from './support/aws-harness.ts';
import { createCircuitStoreHarness } from './support/circuit-store-harness.ts';

afterAll(closeInstances);

describeCircuitStore('DynamoDB', async () => {
  const aws = await openAwsHarness();
  return createCircuitStoreHarness(aws, aws.resources.circuitsTableName);
});

describe('circuits in DynamoDB', () => {
  const h = useHarness(openAwsHarness);
  const key = { senderId: 'billing', target: 'https://partner.example' };
  const state = { circuit: null, hold: { kind: 'manual', since: START_TIME, why: 'by hand' } } as const;
  const open = () => {
    const { clients, resources, clock } = h();
    return createDynamoCircuitStore({ client: clients.dynamodb, tableName: resources.circuitsTableName, clock });
  };

  test('a write whose answer was lost has succeeded when it is repeated, and keeps its version', async () => {
    const cut = h().aws.fault({ action: 'PutItem', number: 1, fault: { kind: 'cut-after' } });
    const store = open();
    const [result] = await store.write([{ key, state, seen: null }]);
    expect(cut.seen()).toBe(2);
    expect(result).toEqual({ kind: 'written', version: expect.any(String) });
    expect(await store.read([key])).toEqual([{ state, version: result?.kind === 'written' ? result.version : '' }]);
  });

  test('a state that is over is given to the table to delete, one that must be kept is not', async () => {
    const store = open();
    const counts = [{ bucket: Math.floor(START_TIME / 30_000), requests: 1, failures: 1 }];
    const closed = { circuit: { state: 'closed', since: START_TIME, counts }, hold: null } as const;
    await store.write([
      { key, state, seen: null },
      { key: { ...key, senderId: 'shop' }, state: closed, seen: null },
    ]);
    const { TableName } = { TableName: h().resources.circuitsTableName };
    const { Items } = (await h().aws.call({ service: 'dynamodb', action: 'Scan' }, { TableName })) as {
      Items: { senderId: { S: string }; ttl?: { N: string } }[];
    };
    const ttls = Object.fromEntries(Items.map(({ senderId, ttl }) => [senderId.S, ttl?.N]));
    expect(ttls).toEqual({ billing: undefined, shop: String(START_TIME / 1_000 + 60) });
  });

  test('a page whose filter leaves few of many items comes back short, with the way on', async () => {
    const store = open();
    const keys = Array.from({ length: 12 }, (_, host) => ({
      senderId: 'shop',
      target: `https://host-${host}.example`,
    }));
    await store.write([...keys, key].map((one) => ({ key: one, state, seen: null })));
    const page = await store.list({ senderId: 'billing', limit: 1 });
    expect(page.targets).toEqual([{ key, state }]);
    expect(await store.list({ senderId: 'nobody', limit: 1 })).toEqual({ targets: [], cursor: null });
  });

  test('a permission that is missing is named with the table', async () => {
    h().aws.fault({ service: 'dynamodb', fault: { kind: 'error', code: 'AccessDeniedException', status: 400 } });
    const store = open();
    const denied = [
      ['BatchGetItem', store.read([key])],
      ['PutItem', store.write([{ key, state, seen: null }])],
      ['Scan', store.list({ limit: 1 })],
    ] as const;
    for (const [action, call] of denied) {
      const error: unknown = await call.then(
        () => undefined,
        (reason) => reason,
      );
      expect(error).toBeInstanceOf(AwsAccessError);
      expect(String(error)).toContain(`dynamodb:${action} on table ${h().resources.circuitsTableName}`);
    }
  });
});
