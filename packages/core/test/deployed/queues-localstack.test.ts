/** What the message store asks of queues and the conformance suite cannot see: SQS's own time, limits and redrive. */

import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, jest, test } from '@jest/globals';
import { LIMITS, systemClock } from '@millrace/core';
import { createAwsMessageStore } from '@millrace/core/aws';
import { aMessage, anEntry, uniqueId } from '@millrace/core/testing';
import { createMessageResources } from '@millrace/core/testing/aws';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(60_000);

const aws = useAwsClients(useLocalStack({ dynamodb: true }));

const MINUTE_MS = 60_000;
/** Short, so that a receive that finds nothing ends soon. */
const WAIT_SECONDS = 1;

async function openSystem(options: { readonly maxReceiveCount?: number; readonly queueShards?: number } = {}) {
  const clients = aws();
  const resources = await createMessageResources(clients, { prefix: uniqueId('queues'), ...options });
  const store = createAwsMessageStore(resources, { clients });
  const [workQueueUrl = ''] = resources.workQueueUrls;

  /** Up to ten messages that can be received now; they can be received again at once. */
  async function receive(QueueUrl: string) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: WAIT_SECONDS,
        VisibilityTimeout: 0,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  /** Asks until something comes. */
  async function receiveSome(queueUrl: string) {
    for (;;) {
      const messages = await receive(queueUrl);
      if (messages.length > 0) return messages;
    }
  }

  async function countDelayed(QueueUrl: string): Promise<number> {
    const name = 'ApproximateNumberOfMessagesDelayed';
    const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] });
    const { Attributes = {} } = await clients.sqs.send(command);
    return Number(Attributes[name]);
  }
  return { store, resources, workQueueUrl, receive, receiveSome, countDelayed };
}

/** A message whose plan is of the machine's time. */
const liveMessage = (overrides: Parameters<typeof aMessage>[0] = {}) =>
  aMessage({ expiresAt: systemClock.now() + 60 * MINUTE_MS, ...overrides });

test('SQS waits as long as it is asked to: an entry that is handed back comes at its time, not before', async () => {
  const { store, workQueueUrl, receiveSome } = await openSystem();
  await store.accept([liveMessage()]);
  const [message] = await receiveSome(workQueueUrl);
  const entry = store.readEntry(message?.Body ?? '');
  const until = systemClock.now() + 3_000;
  await store.handBack([{ entry, until }]);
  for (;;) {
    const bodies = (await receiveSome(workQueueUrl)).map(({ Body = '' }) => Body);
    const entries = bodies.map((body) => store.readEntry(body));
    if (entries.some(({ notBefore }) => notBefore === until)) break;
  }
  expect(systemClock.now()).toBeGreaterThanOrEqual(until);
});

// LocalStack takes longer waits than SQS as well: that we ask for no more than 15 minutes is tested elsewhere.
test('an entry that is due in a day is taken, and waits in the queue', async () => {
  const { store, workQueueUrl, receive, countDelayed } = await openSystem();
  const message = liveMessage();
  const entry = anEntry({ ...message.identity, ...message.plan });
  await store.handBack([{ entry, until: systemClock.now() + 24 * 60 * MINUTE_MS }]);
  expect(await receive(workQueueUrl)).toEqual([]);
  expect(await countDelayed(workQueueUrl)).toBe(1);
});

test('a batch of bodies that are too large for one request to SQS is taken whole', async () => {
  const { store, resources, receiveSome } = await openSystem();
  const sizes = [...Array.from({ length: 12 }, () => 120_000), LIMITS.inlineBodyBytes];
  const messages = sizes.map((size) => liveMessage({ body: 'ü'.repeat(size / 2) }));
  const results = await store.accept(messages);
  expect(results.map(({ kind }) => kind)).toEqual(messages.map(() => 'accepted'));
  const found = new Map<string, number>();
  while (found.size < messages.length) {
    for (const queueUrl of resources.workQueueUrls) {
      for (const { Body = '' } of await receiveSome(queueUrl)) {
        const { identity, request } = store.readEntry(Body);
        found.set(identity.messageId, request.body.length);
      }
    }
  }
  expect(messages.map(({ identity }) => found.get(identity.messageId))).toEqual(sizes);
});

test('entries of a sender to an origin share a group, others have another one', async () => {
  const { store, workQueueUrl, receiveSome } = await openSystem();
  const groups = new Map<string, string | undefined>();
  await store.accept([
    liveMessage({ messageId: 'a', targetUrl: 'https://one.example/x' }),
    liveMessage({ messageId: 'b', targetUrl: 'https://one.example/y' }),
    liveMessage({ messageId: 'c', targetUrl: 'https://two.example/x' }),
    liveMessage({ messageId: 'd', targetUrl: 'https://one.example/x', senderId: 'other' }),
  ]);
  while (groups.size < 4) {
    for (const { Body = '', Attributes = {} } of await receiveSome(workQueueUrl)) {
      groups.set(store.readEntry(Body).identity.messageId, Attributes['MessageGroupId']);
    }
  }
  expect(groups.get('a')).toEqual(expect.any(String));
  expect(groups.get('b')).toBe(groups.get('a'));
  expect(new Set(groups.values()).size).toBe(3);
});

test('an entry that nobody is done with goes to the stranded queue unchanged, and its message ends', async () => {
  const { store, resources, workQueueUrl, receive, receiveSome } = await openSystem({ maxReceiveCount: 2 });
  const message = liveMessage({ body: 'x'.repeat(100_000) });
  await store.accept([message]);
  const [first] = await receiveSome(workQueueUrl);
  await receiveSome(workQueueUrl);
  expect(await receive(workQueueUrl)).toEqual([]);
  const [stranded] = await receiveSome(resources.strandedQueueUrl);
  expect(stranded?.Body).toBe(first?.Body);
  const entry = store.readEntry(stranded?.Body ?? '');
  expect(await store.settleStranded([entry])).toEqual(['settled']);
  expect(await store.get(message.identity)).toMatchObject([{ status: 'FAILED', reason: 'redriven' }]);
  const [letter] = await receiveSome(resources.deadLetterQueueUrl);
  expect(letter?.MessageAttributes).toMatchObject({ reason: { StringValue: 'redriven' } });
  expect(await store.replay(message.identity)).toEqual({ found: 1, replayed: 1 });
  const [again] = await receiveSome(workQueueUrl);
  const replayed = store.readEntry(again?.Body ?? '');
  expect(replayed.request).toEqual(message.request);
});

test('a record that is no entry is kept with what is wrong with it, whatever its size and characters', async () => {
  const { store, resources, receiveSome } = await openSystem();
  await store.keepUnreadable('not JSON', 'a reason with \u0000 and \ud800 in it, of any length '.repeat(100));
  await store.keepUnreadable('x'.repeat(300_000), '');
  const letters = new Map<string, string | undefined>();
  while (letters.size < 2) {
    for (const { Body = '', MessageAttributes = {} } of await receiveSome(resources.deadLetterQueueUrl)) {
      letters.set(Body, MessageAttributes['reason']?.StringValue);
    }
  }
  expect([...letters.values()]).toEqual(['unreadable', 'unreadable']);
  expect([...letters.keys()].toSorted()).toEqual(['not JSON', expect.stringMatching(/payloads\/unreadable\//)]);
});
