/**
 * `MessageStore` on AWS: rows in DynamoDB, entries in SQS, those of dead letters in S3. Every promise is kept by the
 * order of the writes, and by making each of them safe to repeat.
 */

import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { errorMessage } from '../errors.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { Entry, HealthProblem, MessageStore, SettleResult } from '../ports/message-store.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import { createAcceptCounter } from './accept-counter.ts';
import { type Accounting, createAccounting } from './accounting.ts';
import { calling } from './aws-errors.ts';
import type { AwsStoreParts } from './aws-store-parts.ts';
import { createAccept } from './dynamodb-accept.ts';
import { createDelivery } from './dynamodb-delivery.ts';
import { createOperations } from './dynamodb-operations.ts';
import { decodeEntry } from './entry-body.ts';
import { createEntryObjects } from './entry-objects.ts';
import { createEntryQueues, type QueueUrls } from './entry-queues.ts';
import { createMessageTable } from './message-table.ts';

export interface DynamoMessageStoreOptions {
  readonly dynamodb: DynamoDBClient;
  /** Does not try again by itself; for writes that are not safe to repeat. Default: `dynamodb`. */
  readonly dynamodbOnce?: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly objects: Pick<ObjectStore, 'get' | 'put'>;
  /** Of the same bucket. */
  readonly payloads: Pick<PayloadStore, 'hold'>;
  readonly tableName: string;
  readonly queueUrls: QueueUrls;
  readonly clock?: Clock;
  /** Days that a delivered message stays known, so that its repeat is a duplicate. Default 7. */
  readonly dedupeDays?: number;
  /** Parts of the table that the accounting reads at once. Default 4. */
  readonly scanSegments?: number;
}

/** What AWS has outside of the program, beside the port. */
export interface DynamoMessageStore extends MessageStore {
  /**
   * The entry of a queue message.
   * @throws UnreadableEntryError
   */
  readEntry(text: string): Entry;
  /**
   * Ends messages whose entries their queue has given up: FAILED `redriven`, unless they have ended or moved on.
   * `leave`: a worker has the message, ask again later.
   */
  settleStranded(entries: readonly Entry[]): Promise<readonly SettleResult[]>;
  /** Keeps a record that is no entry where people find it. */
  keepUnreadable(text: string, reason: string): Promise<void>;
  readonly accounting: Accounting;
}

const DAY_MS = 86_400_000;
const FAILED_DAYS = 30;

export function createDynamoMessageStore(options: DynamoMessageStoreOptions): DynamoMessageStore {
  const { dynamodb, dynamodbOnce = dynamodb, sqs, tableName, queueUrls, clock = systemClock } = options;
  const { dedupeDays = 7, scanSegments = 4 } = options;
  const objects = createEntryObjects(options.objects);
  const table = createMessageTable(dynamodb, tableName);
  const counter = createAcceptCounter(dynamodbOnce, tableName, Math.random);
  const parts: AwsStoreParts = {
    table,
    queues: createEntryQueues(sqs, queueUrls, objects),
    objects,
    payloads: options.payloads,
    counter,
    clock,
    newToken: randomUUID,
    retention: { succeededMs: dedupeDays * DAY_MS, failedMs: FAILED_DAYS * DAY_MS },
  };
  const accounting = createAccounting({ client: dynamodb, tableName, table, clock, segments: scanSegments });

  async function checkQueue(queueUrl: string): Promise<void> {
    const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] });
    await calling({ action: 'sqs:GetQueueAttributes', resource: `queue ${queueUrl}` }, () => sqs.send(command));
  }

  return {
    accept: createAccept(parts),
    ...createDelivery(parts),
    ...createOperations(parts),
    accounting,
    readEntry: decodeEntry,
    keepUnreadable: parts.queues.sendUnreadable,

    /** As of the last run of the accounting; before the first, counted now. */
    async counts() {
      const { accepted, succeeded, failed, waiting, asOf } = (await accounting.read()) ?? (await accounting.run());
      return { accepted, succeeded, failed, waiting, asOf };
    },

    async health() {
      const checks: readonly (readonly [part: string, check: Promise<void>])[] = [
        ['table', table.check()],
        ...[...queueUrls.work, queueUrls.deadLetters].map((url) => ['queue', checkQueue(url)] as const),
      ];
      const settled = await Promise.allSettled(checks.map(([, check]) => check));
      return settled.flatMap((result, index): HealthProblem[] => {
        if (result.status === 'fulfilled') return [];
        const detail = errorMessage(result.reason);
        return [{ part: checks[index]?.[0] ?? '', detail }];
      });
    },
  };
}
