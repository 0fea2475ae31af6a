import { type Clock, systemClock } from '../ports/clock.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import type { AwsConfig } from './aws-config.ts';
import { createDynamoMessageStore, type DynamoMessageStore } from './dynamodb-message-store.ts';
import { createLazyObjectStore } from './lazy-object-store.ts';
import { createS3PayloadStore } from './s3-payload-store.ts';

export interface AwsStoreOptions {
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly scanSegments?: number;
}

/** The message store of a deployed system. Makes no call. */
export function createAwsMessageStore(
  config: AwsConfig,
  { clients = createAwsClients(), ...options }: AwsStoreOptions = {},
): DynamoMessageStore {
  const { tableName, bucketName, workQueueUrls, deadLetterQueueUrl, dedupeDays } = config;
  const { dynamodb, dynamodbOnce, sqs } = clients;
  return createDynamoMessageStore({
    dynamodb,
    dynamodbOnce,
    sqs,
    objects: createLazyObjectStore(clients, bucketName),
    payloads: createAwsPayloadStore(config, { clients, ...options }),
    tableName,
    queueUrls: { work: workQueueUrls, deadLetters: deadLetterQueueUrl },
    dedupeDays,
    ...options,
  });
}

/** The payload store of a deployed system. Makes no call. */
export function createAwsPayloadStore(
  { bucketName }: Pick<AwsConfig, 'bucketName'>,
  { clients = createAwsClients(), clock = systemClock }: Pick<AwsStoreOptions, 'clients' | 'clock'> = {},
): PayloadStore {
  return createS3PayloadStore({ clients, bucket: bucketName, clock });
}
