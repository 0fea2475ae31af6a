/** The whole system in LocalStack: resources as the infrastructure makes them, functions from the built zips. */

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { ATTEMPTS_PREFIX } from '@millrace/core';
import { type AwsClients, createAwsClients } from '@millrace/core/aws';
import { createMessageResources, type MessageResources } from '@millrace/core/testing/aws';
import type { LocalStack } from '@millrace/core/testing/localstack';
import { FUNCTIONS, LAYERS } from '../../../src/artefacts.ts';
import { createFunctionUrl, type FunctionUrl } from './function-url.ts';
import { connect, createFunction, createUrl, publishLayer } from './functions.ts';
import { type QueryRow, queryCheckpoint } from './query-cli.ts';

export interface DeployedSystem {
  readonly api: FunctionUrl;
  /** Puts a record into the work queue, past the API. */
  putRecord(text: string): Promise<void>;
  /** Puts a record where those go that the work queue has given up. */
  putStranded(text: string): Promise<void>;
  /** Everything that has come into the dead-letter queue so far. */
  deadLetters(): Promise<readonly DeadLetter[]>;
  /** Lets the accounting look at all messages. @throws when the function fails */
  runAccounting(): Promise<unknown>;
  /** Lets the checkpoint function fold what is new in the attempt log. @throws when the function fails */
  foldAttempts(): Promise<unknown>;
  /** Asks the command line about the folded attempts. @param question SQL, or the name of a query */
  query(question: string): Promise<readonly QueryRow[]>;
  close(): void;
}

interface DeadLetter {
  readonly text: string;
  readonly reason: string | undefined;
  readonly error: string | undefined;
}

/** Milliseconds that a target may take; each MB of body adds a second. */
const REQUEST_TIMEOUT_MS = 6_000;
/** Longer than a batch takes, and than the delivery of a body of 20 MB. */
const WORKER_TIMEOUT_SECONDS = 40;
const VISIBILITY_SECONDS = WORKER_TIMEOUT_SECONDS + 1;
const API_TIMEOUT_SECONDS = 30;
const ACCOUNTING_TIMEOUT_SECONDS = 60;
const CHECKPOINT_TIMEOUT_SECONDS = 60;
/** Below the bucket. */
const CHECKPOINT_PREFIX = 'checkpoints/';
const MAX_RECEIVE_COUNT = 2;

/**
 * @param dist the folder of the zips
 */
export async function deploySystem(localStack: LocalStack, dist: string): Promise<DeployedSystem> {
  const { config } = localStack;
  const clients = createAwsClients(config);
  const lambda = new LambdaClient(config);
  const resources = await createMessageResources(clients, {
    prefix: 'deployed',
    visibilitySeconds: VISIBILITY_SECONDS,
    maxReceiveCount: MAX_RECEIVE_COUNT,
  });
  const layerArns = new Map<string, string>();
  for (const { name } of LAYERS) layerArns.set(name, await publishLayer(lambda, dist, `${name}-layer`));
  const environment = environmentOf(resources, localStack.hostAddress);
  const create = async (name: string, zip: string, handler: string, timeoutSeconds: number): Promise<void> => {
    const { layers = [] } = FUNCTIONS.find((spec) => spec.name === zip) ?? {};
    const arns = layers.map((layer) => layerArns.get(layer) ?? '');
    await createFunction(lambda, dist, { name, zip, handler, layerArns: arns, timeoutSeconds, environment });
  };
  await Promise.all([
    create('ingest-api', 'ingest-api', 'lambda.handler', API_TIMEOUT_SECONDS),
    create('worker', 'delivery-worker', 'lambda.handler', WORKER_TIMEOUT_SECONDS),
    create('stranded', 'delivery-worker', 'stranded-lambda.handler', WORKER_TIMEOUT_SECONDS),
    create('accounting', 'delivery-worker', 'accounting-lambda.handler', ACCOUNTING_TIMEOUT_SECONDS),
    create('checkpoint', 'checkpoint', 'lambda.handler', CHECKPOINT_TIMEOUT_SECONDS),
  ]);
  const url = await createUrl(lambda, 'ingest-api');
  for (const queueUrl of resources.workQueueUrls) await connect(lambda, 'worker', await arnOf(clients, queueUrl));
  await connect(lambda, 'stranded', await arnOf(clients, resources.strandedQueueUrl));

  const invoke = async (FunctionName: string): Promise<unknown> => {
    const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName }));
    const text = Payload?.transformToString() ?? '';
    if (FunctionError !== undefined) throw new Error(`${FunctionName} failed: ${text}`);
    return JSON.parse(text);
  };
  const letters: DeadLetter[] = [];
  return {
    api: createFunctionUrl(url, config.endpoint),

    async putRecord(text) {
      const [QueueUrl = ''] = resources.workQueueUrls;
      await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text }));
    },

    async putStranded(text) {
      const QueueUrl = resources.strandedQueueUrl;
      await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text }));
    },

    async deadLetters() {
      const QueueUrl = resources.deadLetterQueueUrl;
      for (;;) {
        const command = new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          // Received once, and kept here.
          VisibilityTimeout: 43_200,
        });
        const { Messages = [] } = await clients.sqs.send(command);
        if (Messages.length === 0) return [...letters];
        letters.push(...Messages.map(toDeadLetter));
      }
    },

    runAccounting: () => invoke('accounting'),
    foldAttempts: () => invoke('checkpoint'),
    query: (question) => queryCheckpoint(localStack, `s3://${resources.bucketName}/${CHECKPOINT_PREFIX}`, question),

    close() {
      for (const client of [...Object.values(clients), lambda]) client.destroy();
    },
  };
}

/** @param targetAddress of the targets, which is a private one */
function environmentOf(resources: MessageResources, targetAddress: string): Record<string, string> {
  return {
    MILLRACE_TABLE: resources.tableName,
    MILLRACE_CIRCUITS_TABLE: resources.circuitsTableName,
    MILLRACE_BUCKET: resources.bucketName,
    MILLRACE_WORK_QUEUE_URLS: resources.workQueueUrls.join(','),
    MILLRACE_DEAD_LETTER_QUEUE_URL: resources.deadLetterQueueUrl,
    MILLRACE_DEDUPE_DAYS: String(resources.dedupeDays),
    MILLRACE_SECRETS_PREFIX: '/test/secrets',
    MILLRACE_REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS),
    MILLRACE_ALLOW_HTTP: 'true',
    MILLRACE_ALLOWED_PRIVATE_CIDRS: `${targetAddress}/32`,
    // LocalStack asks nobody for a signature.
    MILLRACE_OPEN_FRONT_DOOR: 'true',
    CHECKPOINT_DATASET: 'deliveries',
    SOURCE_BUCKET: resources.bucketName,
    SOURCE_PREFIX: ATTEMPTS_PREFIX,
    CHECKPOINT_BUCKET: resources.bucketName,
    CHECKPOINT_KEY: `${CHECKPOINT_PREFIX}deliveries/dt={dt}/deliveries.parquet`,
  };
}

async function arnOf({ sqs }: AwsClients, QueueUrl: string): Promise<string> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
  const { Attributes = {} } = await sqs.send(command);
  return Attributes['QueueArn'] ?? '';
}

function toDeadLetter({ Body = '', MessageAttributes = {} }: Message): DeadLetter {
  const { reason, error } = MessageAttributes;
  return { text: Body, reason: reason?.StringValue, error: error?.StringValue };
}
