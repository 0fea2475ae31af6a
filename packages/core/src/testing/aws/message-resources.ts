/** The tables, queues and bucket of a system, as the infrastructure makes them, on an emulator. */

import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClients } from '../../aws/aws-clients.ts';
import type { AwsConfig } from '../../aws/aws-config.ts';

export interface MessageResources extends AwsConfig {
  readonly strandedQueueUrl: string;
}

export interface ResourceOptions {
  /** Begins every name; in lower case, as names of buckets are. */
  readonly prefix: string;
  readonly queueShards?: number;
  /** Receives of one queue message before it is given up. */
  readonly maxReceiveCount?: number;
  readonly visibilitySeconds?: number;
}

const RETENTION_SECONDS = String(14 * 86_400);

export async function createMessageResources(
  { dynamodb, sqs, s3 }: AwsClients,
  { prefix, queueShards = 1, maxReceiveCount = 100, visibilitySeconds = 60 }: ResourceOptions,
): Promise<MessageResources> {
  const tableName = `${prefix}-messages`;
  const circuitsTableName = `${prefix}-circuits`;
  const bucketName = `${prefix}-payloads`;
  const [strandedQueueUrl, deadLetterQueueUrl] = await Promise.all([
    createQueue(sqs, `${prefix}-stranded`, { VisibilityTimeout: String(visibilitySeconds) }),
    createQueue(sqs, `${prefix}-dead-letters`, {}),
    s3.send(new CreateBucketCommand({ Bucket: bucketName })),
    createCircuitsTable(dynamodb, circuitsTableName),
    dynamodb.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: ['pk', 'sk', 'failedShard', 'failedSort'].map((AttributeName) => ({
          AttributeName,
          AttributeType: 'S',
        })),
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'failed',
            KeySchema: [
              { AttributeName: 'failedShard', KeyType: 'HASH' },
              { AttributeName: 'failedSort', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      }),
    ),
  ]);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: strandedQueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const redrive = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount });
  const shards = Array.from({ length: queueShards }, (_, shard) => `${prefix}-work-${shard}`);
  const workQueueUrls = await Promise.all(
    shards.map((name) =>
      createQueue(sqs, name, { VisibilityTimeout: String(visibilitySeconds), RedrivePolicy: redrive }),
    ),
  );
  const urls = { workQueueUrls, deadLetterQueueUrl, strandedQueueUrl };
  return { tableName, circuitsTableName, bucketName, ...urls, dedupeDays: 7 };
}

/** The table of circuits and holds alone. */
export async function createCircuitsTable(dynamodb: DynamoDBClient, tableName: string): Promise<void> {
  await dynamodb.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
}

async function createQueue(sqs: SQSClient, name: string, attributes: Record<string, string>): Promise<string> {
  const Attributes = { MessageRetentionPeriod: RETENTION_SECONDS, ...attributes };
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}
