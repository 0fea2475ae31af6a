import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Entry, MessageStore } from '@millrace/core';
import { type AwsClients, createAwsClients, createAwsMessageStore, type DynamoMessageStore } from '@millrace/core/aws';
import {
  createManualClock,
  LEASE_MS,
  type ManualClock,
  type MessageStoreHarness,
  START_TIME,
} from '@millrace/core/testing';
import {
  createMessageResources,
  type LocalAws,
  type MessageResources,
  startLocalAws,
} from '@millrace/core/testing/aws';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';

export interface AwsHarness extends MessageStoreHarness {
  readonly aws: LocalAws;
  readonly clients: AwsClients;
  readonly resources: MessageResources;
  /** Without what the harness adds. */
  readonly dynamo: DynamoMessageStore;
}

interface Instance {
  readonly aws: LocalAws;
  readonly clients: AwsClients;
  readonly clock: ManualClock;
}

/** Clients without connections where that is possible, which is twice as fast, and without waits between tries. */
export function createLocalClients(aws: LocalAws, tries = 3): AwsClients {
  const retryStrategy = new ConfiguredRetryStrategy(tries, 0);
  const direct = createAwsClients({ ...aws.directConfig, retryStrategy });
  const dynamodbOnce = new DynamoDBClient({ ...aws.directConfig, maxAttempts: 1 });
  return { ...direct, dynamodbOnce, s3: createAwsClients({ ...aws.config, retryStrategy }).s3 };
}

/** Starting one takes longer than most tests: those that are done with theirs leave it to the next. */
const idle: Instance[] = [];

async function takeInstance(): Promise<Instance> {
  const instance = idle.pop();
  if (instance !== undefined) return instance;
  const clock = createManualClock();
  const aws = await startLocalAws({ clock: clock.now });
  return { aws, clock, clients: createLocalClients(aws) };
}

function giveBack(instance: Instance): void {
  instance.aws.reset();
  instance.clock.set(START_TIME);
  idle.push(instance);
}

/** For the end of a test file. */
export async function closeInstances(): Promise<void> {
  for (const { aws, clients } of idle.splice(0)) {
    for (const client of Object.values(clients)) client.destroy();
    await aws.close();
  }
}

/** Always the same numbers, so that a failing sequence fails again. */
function seededRandom(): () => number {
  let state = 42;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** An empty system on emulators, under a clock that the test moves. */
export async function openAwsHarness({ queueShards = 1, disorder = false } = {}): Promise<AwsHarness> {
  const instance = await takeInstance();
  const { aws, clients, clock } = instance;
  const resources = await createMessageResources(clients, { prefix: 'test', queueShards });
  const { sqs } = clients;
  if (disorder) aws.sqs.setDisorder({ random: seededRandom(), duplicate: 0.2, afterDeletion: 0.2, shuffle: true });
  const open = (): DynamoMessageStore => createAwsMessageStore(resources, { clients, clock, scanSegments: 1 });
  const receipts = new Map<Entry, { readonly queueUrl: string; readonly handle: string }>();
  let dynamo = open();
  let lastLeaseEnd = START_TIME;

  async function receiveFrom(queueUrl: string, limit: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    while (entries.length < limit) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: Math.min(10, limit - entries.length) }),
      );
      if (Messages.length === 0) return entries;
      for (const { Body = '', ReceiptHandle = '' } of Messages) {
        const entry = await dynamo.readEntry(Body);
        receipts.set(entry, { queueUrl, handle: ReceiptHandle });
        const isEarly = entry.notBefore > clock.now();
        if (isEarly) {
          await dynamo.handBack([{ entry, until: entry.notBefore }]);
          await acknowledge([entry]);
        } else entries.push(entry);
      }
    }
    return entries;
  }

  /** Copies that the test made have no receipt. */
  function takeReceipts(entries: readonly Entry[]) {
    return entries.flatMap((entry) => {
      const receipt = receipts.get(entry);
      receipts.delete(entry);
      return receipt ?? [];
    });
  }

  async function acknowledge(entries: readonly Entry[]): Promise<void> {
    for (const [queueUrl, group] of Map.groupBy(takeReceipts(entries), (receipt) => receipt.queueUrl)) {
      const Entries = group.map(({ handle }, id) => ({ Id: String(id), ReceiptHandle: handle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  const store: MessageStore = {
    ...dynamo,
    async claim(claims) {
      const results = await dynamo.claim(claims);
      for (const result of results) if (result.kind === 'won') lastLeaseEnd = Math.max(lastLeaseEnd, result.leaseUntil);
      return results;
    },
    async counts() {
      const { accepted, succeeded, failed, waiting } = await dynamo.accounting.run();
      return { accepted, succeeded, failed, waiting };
    },
  };

  return {
    store,
    get dynamo() {
      return dynamo;
    },
    aws,
    clients,
    resources,
    clock,
    traits: { listsEveryStatus: false, findsEverySender: false, countsForgotten: false, entriesLast: false },
    async receive(limit) {
      const entries: Entry[] = [];
      for (const queueUrl of resources.workQueueUrls) {
        if (entries.length < limit) entries.push(...(await receiveFrom(queueUrl, limit - entries.length)));
      }
      return entries;
    },
    copy: (entries) => dynamo.handBack(entries.map((entry) => ({ entry, until: entry.notBefore }))),
    acknowledge,
    async leave(entries) {
      for (const [queueUrl, group] of Map.groupBy(takeReceipts(entries), (receipt) => receipt.queueUrl)) {
        const Entries = group.map(({ handle }, id) => ({
          Id: String(id),
          ReceiptHandle: handle,
          VisibilityTimeout: 0,
        }));
        await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    },
    restart() {
      receipts.clear();
      dynamo = open();
      clock.set(Math.max(clock.now() + LEASE_MS, lastLeaseEnd));
      return Promise.resolve();
    },
    close() {
      receipts.clear();
      giveBack(instance);
      return Promise.resolve();
    },
  };
}
