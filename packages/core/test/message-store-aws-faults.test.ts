/**
 * Between any two calls to AWS something breaks: afterwards every message that was accepted still ends, within its plan,
 * and the books add up.
 */

import { afterAll, describe, expect, test } from '@jest/globals';
import type { Entry, MessageView } from '@millrace/core';
import { createAwsMessageStore, type DynamoMessageStore } from '@millrace/core/aws';
import { LEASE_MS, SUCCESS, uniqueId } from '@millrace/core/testing';
import type { Fault } from '@millrace/core/testing/aws';
import { SCENARIOS, type Scenario } from './support/aws-fault-scenarios.ts';
import { type AwsHarness, closeInstances, createLocalClients, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

const TIMEOUT_MS = 120_000;
/** More calls than any operation makes. */
const MOST_CALLS = 20;

/** The store of a process that does not try again: what breaks, breaks it. */
function storeWithoutRetries({ aws, resources, clock }: AwsHarness): DynamoMessageStore {
  const clients = createLocalClients(aws, 1);
  return createAwsMessageStore(resources, { clients, clock });
}

/** Workers that are well go on until nothing comes any more. */
async function finish(h: AwsHarness): Promise<void> {
  for (let idle = 0, turn = 0; idle < 2; turn++) {
    if (turn > 50) throw new Error('entries come for ever');
    h.clock.advance(10 * LEASE_MS);
    const entries = await h.receive(50);
    idle = entries.length === 0 ? idle + 1 : 0;
    for (const entry of entries) await deliver(h, entry);
  }
}

async function deliver(h: AwsHarness, entry: Entry): Promise<void> {
  const token = uniqueId('token');
  const [claim] = await h.store.claim([{ entry, token, leaseMs: LEASE_MS }]);
  if (claim?.kind === 'won') await h.store.settle([{ entry, token, result: SUCCESS, error: null }]);
  if (claim?.kind === 'missing') await h.store.keepOrphans([entry]);
  if (claim?.kind === 'busy') await h.store.handBack([{ entry, until: claim.until }]);
  await h.acknowledge([entry]);
}

async function allMessages(h: AwsHarness): Promise<readonly MessageView[]> {
  const { Items = [] } = (await h.aws.call(
    { service: 'dynamodb', action: 'Scan' },
    { TableName: h.resources.tableName },
  )) as { Items?: { senderId?: { S: string }; messageId?: { S: string } }[] };
  const names = Items.flatMap(({ senderId, messageId }) =>
    senderId === undefined || messageId === undefined ? [] : [{ senderId: senderId.S, messageId: messageId.S }],
  );
  return (await Promise.all(names.map((name) => h.store.get(name)))).flat();
}

/** What was promised, whatever broke. */
async function expectPromisesKept(h: AwsHarness, ends: readonly MessageView['status'][]): Promise<void> {
  const messages = await allMessages(h);
  for (const { status, attempts, maxAttempts } of messages) {
    expect(ends).toContain(status);
    expect(attempts).toBeLessThanOrEqual(maxAttempts);
  }
  const failed = messages.filter(({ status }) => status === 'FAILED');
  const report = await h.dynamo.accounting.run();
  expect(report).toMatchObject({
    accepted: messages.length,
    failed: failed.length,
    waiting: 0,
    missing: 0,
    overdue: 0,
  });
  // A dead letter is told, and can be replayed.
  const told = h.aws.sqs.messages(h.resources.deadLetterQueueUrl).map(({ sent }) => sent.body);
  for (const { identity } of failed) {
    expect(told.some((body) => body.includes(identity.messageId))).toBe(true);
    expect(await h.store.replay(identity)).toEqual({ found: 1, replayed: 1 });
  }
  await finish(h);
  for (const { status } of await allMessages(h)) expect(status).toBe('SUCCESS');
}

/** Runs the scenario once for each call that it makes, with a fault there. */
async function atEveryCall(
  scenario: Scenario,
  strike: (h: AwsHarness, number: number) => { seen(): number },
  run: (h: AwsHarness, prepared: Awaited<ReturnType<Scenario['prepare']>>) => Promise<void>,
): Promise<void> {
  for (let number = 1; ; number++) {
    if (number > MOST_CALLS) throw new Error('the operation makes too many calls');
    const h = await openAwsHarness();
    try {
      const prepared = await scenario.prepare(h);
      const rule = strike(h, number);
      await run(h, prepared);
      if (rule.seen() < number) return;
    } finally {
      await h.close();
    }
  }
}

describe.each(SCENARIOS)('$name', (scenario) => {
  test.each<[string, Fault]>([
    ['before a call', { kind: 'cut-before' }],
    ['after the effect of a call', { kind: 'cut-after' }],
  ])(
    'loses nothing when the process dies %s, whichever it is',
    (_, fault) =>
      atEveryCall(
        scenario,
        (h, number) => {
          // From then on the dead process reaches nothing.
          h.aws.fault({ from: number + 1, fault: { kind: 'cut-before' } });
          return h.aws.fault({ number, fault });
        },
        async (h, { act, isRepeated, ends }) => {
          const [outcome] = await Promise.allSettled([act(storeWithoutRetries(h))]);
          h.aws.clearFaults();
          await h.restart();
          const isAnswered =
            outcome.status === 'fulfilled' && !JSON.stringify(outcome.value ?? '').includes('unavailable');
          if (isRepeated && !isAnswered) await act(h.dynamo);
          await finish(h);
          await expectPromisesKept(h, ends);
        },
      ),
    TIMEOUT_MS,
  );

  test.each<[string, Fault]>([
    ['an answer is lost', { kind: 'cut-after' }],
    ['a call is throttled', { kind: 'throttle' }],
    ['a service fails', { kind: 'error', code: 'InternalServerError', status: 500 }],
  ])(
    'answers as if nothing had been when %s once, whichever it is',
    (_, fault) =>
      atEveryCall(
        scenario,
        (h, number) => h.aws.fault({ number, fault }),
        async (h, { act, answer, ends }) => {
          expect(await act(h.dynamo)).toEqual(answer);
          h.aws.clearFaults();
          await finish(h);
          await expectPromisesKept(h, ends);
        },
      ),
    TIMEOUT_MS,
  );
});
