/** The queues of one account in one region: their names, URLs, ARNs and attributes. */

import { text, textMap, texts } from '../json-input.ts';
import type { Json } from '../service.ts';
import type { Disorder } from './disorder.ts';
import { createQueue, type Queue } from './queue.ts';
import {
  askedAttributes,
  newAttributes,
  type QueueAttributes,
  toSettings,
  withAttributes,
} from './queue-attributes.ts';
import {
  invalidParameter,
  missingParameter,
  purgeInProgress,
  queueDoesNotExist,
  queueNameExists,
  unsupported,
} from './sqs-errors.ts';

export interface QueueRecord {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  /** Epoch milliseconds, as all times here. */
  readonly createdAt: number;
  attributes: QueueAttributes;
  changedAt: number;
  purgedAt: number;
  readonly queue: Queue;
}

export interface QueueRecordsOptions {
  readonly clock: () => number;
  readonly urlOf: (name: string) => string;
  readonly arnOf: (name: string) => string;
  readonly inFlightLimit: () => number;
  readonly disorder: () => Disorder;
}

export type Action = (input: Json) => Json;

const QUEUE_NAME = /^[\w-]{1,80}$/;
const PURGE_PAUSE_MS = 60_000;

export function createQueueRecords(options: QueueRecordsOptions) {
  const { clock, urlOf, arnOf } = options;
  const records = new Map<string, QueueRecord>();

  function findByArn(arn: string): Queue | undefined {
    const record = records.get(arn.slice(arn.lastIndexOf(':') + 1));
    return record?.arn === arn ? record.queue : undefined;
  }

  function named(name: string | undefined): QueueRecord {
    const record = records.get(name ?? '');
    if (record === undefined) throw queueDoesNotExist();
    return record;
  }

  /** The host of the URL is of no account: clients may know the server by another one. */
  function recordOf(input: Json): QueueRecord {
    const url = text(input, 'QueueUrl');
    if (url === undefined) throw missingParameter('QueueUrl');
    return named(url.slice(url.lastIndexOf('/') + 1));
  }

  function newRecord(name: string, attributes: QueueAttributes): QueueRecord {
    const now = clock();
    const known = { attributes, settings: toSettings(attributes) };
    const record: QueueRecord = {
      name,
      arn: arnOf(name),
      url: urlOf(name),
      createdAt: now,
      changedAt: now,
      purgedAt: Number.NEGATIVE_INFINITY,
      attributes,
      queue: createQueue({
        ...options,
        arn: arnOf(name),
        findQueue: findByArn,
        settings: () => {
          if (known.attributes !== record.attributes) {
            known.attributes = record.attributes;
            known.settings = toSettings(record.attributes);
          }
          return known.settings;
        },
      }),
    };
    return record;
  }

  const actions: Readonly<Record<string, Action>> = {
    CreateQueue(input) {
      const name = text(input, 'QueueName') ?? '';
      if (name.endsWith('.fifo')) throw unsupported('There are no FIFO queues here.');
      if (!QUEUE_NAME.test(name))
        throw invalidParameter('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
      const given = textMap(input, 'Attributes');
      const existing = records.get(name);
      const other = Object.keys(given).find((key) => existing !== undefined && existing.attributes[key] !== given[key]);
      if (other !== undefined) throw queueNameExists(other);
      const record = existing ?? newRecord(name, newAttributes(given, arnOf(name)));
      records.set(name, record);
      return { QueueUrl: record.url };
    },
    GetQueueUrl: (input) => ({ QueueUrl: named(text(input, 'QueueName')).url }),
    GetQueueAttributes(input) {
      const record = recordOf(input);
      const attributes = askedAttributes(allAttributes(record), texts(input, 'AttributeNames'));
      return Object.keys(attributes).length === 0 ? {} : { Attributes: attributes };
    },
    SetQueueAttributes(input) {
      const record = recordOf(input);
      record.attributes = withAttributes(record.attributes, textMap(input, 'Attributes'), record.arn);
      record.changedAt = clock();
      return {};
    },
    ListQueues(input) {
      const prefix = text(input, 'QueueNamePrefix') ?? '';
      const urls = [...records.values()].filter(({ name }) => name.startsWith(prefix)).map(({ url }) => url);
      return urls.length === 0 ? {} : { QueueUrls: urls.sort() };
    },
    DeleteQueue(input) {
      records.delete(recordOf(input).name);
      return {};
    },
    PurgeQueue(input) {
      const record = recordOf(input);
      const now = clock();
      if (now - record.purgedAt < PURGE_PAUSE_MS) throw purgeInProgress(record.name);
      record.purgedAt = now;
      record.queue.purge();
      return {};
    },
  };

  return { actions, recordOf };
}

function allAttributes({ attributes, arn, createdAt, changedAt, queue }: QueueRecord): QueueAttributes {
  const { visible, inFlight, delayed } = queue.counts();
  return {
    ...attributes,
    QueueArn: arn,
    CreatedTimestamp: String(Math.floor(createdAt / 1_000)),
    LastModifiedTimestamp: String(Math.floor(changedAt / 1_000)),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}
