import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Entry, MessageStore } from '@millrace/core';
import { type AwsClients, createAwsMessageStore, type DynamoMessageStore } from '@millrace/core/aws';
import { LEASE_MS, type ManualClock, type MessageStoreHarness, START_TIME } from '@millrace/core/testing';
import type { MessageResources } from '@millrace/core/testing/aws';

/** An empty system on AWS or what stands for it. */
export interface AwsSystem {
  readonly clients: AwsClients;
  /** The only time that its queues know. */
  readonly clock: ManualClock;
  readonly resources: MessageResources;
  close(): Promise<void>;
}

export interface AwsStoreHarness extends MessageStoreHarness {
  /** Without what the harness adds. */
  readonly dynamo: DynamoMessageStore;
}

/** Plays the workers' part of the queues. */
export function createAwsStoreHarness({ clients, clock, resources, close }: AwsSystem): AwsStoreHarness {
  const { sqs } = clients;
  const receipts = new Map<Entry, { readonly queueUrl: string; readonly handle: string }>();
  let dynamo = open();
  let store = withHarnessTime(dynamo);
  let lastLeaseEnd = START_TIME;

  function open(): DynamoMessageStore {
    return createAwsMessageStore(resources, { clients, clock, scanSegments: 1 });
  }

  function withHarnessTime(opened: DynamoMessageStore): MessageStore {
    return {
      ...opened,
      async claim(claims) {
        const results = await opened.claim(claims);
        for (const result of results) {
          if (result.kind === 'won') lastLeaseEnd = Math.max(lastLeaseEnd, result.leaseUntil);
        }
        return results;
      },
      async counts() {
        const { accepted, succeeded, failed, waiting } = await opened.accounting.run();
        return { accepted, succeeded, failed, waiting };
      },
    };
  }

  async function receiveFrom(queueUrl: string, limit: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    while (entries.length < limit) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: Math.min(10, limit - entries.length),
        }),
      );
      if (Messages.length === 0) return entries;
      for (const { Body = '', ReceiptHandle = '' } of Messages) {
        const entry = dynamo.readEntry(Body);
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
      const Entries = group.map(({ handle }, id) => ({
        Id: String(id),
        ReceiptHandle: handle,
      }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  return {
    get store() {
      return store;
    },
    get dynamo() {
      return dynamo;
    },
    clock,
    traits: {
      listsEveryStatus: false,
      findsEverySender: false,
      countsForgotten: false,
      entriesLast: false,
    },
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
        await sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: queueUrl,
            Entries,
          }),
        );
      }
    },
    restart() {
      receipts.clear();
      dynamo = open();
      store = withHarnessTime(dynamo);
      clock.set(Math.max(clock.now() + LEASE_MS, lastLeaseEnd));
      return Promise.resolve();
    },
    close() {
      receipts.clear();
      return close();
    },
  };
}
