import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { type LocalAws, startLocalAws } from '../../src/testing/aws/index.ts';
import { createManualClock, type ManualClock, START_TIME } from '../../src/testing/manual-clock.ts';

export interface LocalAwsFixture {
  readonly aws: LocalAws;
  readonly clock: ManualClock;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly ssm: SSMClient;
}

/** A local AWS for the tests of a file, empty before each, whose clients do not try again. */
export function useLocalAws(way: 'config' | 'directConfig' = 'config'): () => LocalAwsFixture {
  let fixture: LocalAwsFixture | undefined;
  const opened = (): LocalAwsFixture => {
    if (fixture === undefined) throw new Error('the local AWS is there only while a test runs');
    return fixture;
  };
  beforeAll(async () => {
    const clock = createManualClock();
    const aws = await startLocalAws({ clock: clock.now });
    const config = { ...aws[way], maxAttempts: 1 };
    fixture = {
      aws,
      clock,
      sqs: new SQSClient(config),
      dynamodb: new DynamoDBClient(config),
      ssm: new SSMClient(config),
    };
  });
  beforeEach(() => {
    opened().aws.reset();
    opened().clock.set(START_TIME);
  });
  afterAll(async () => {
    const { aws, sqs, dynamodb, ssm } = opened();
    for (const client of [sqs, dynamodb, ssm]) client.destroy();
    await aws.close();
  });
  return opened;
}

/** Creates a queue and returns its URL. */
export async function aQueue(
  { sqs }: LocalAwsFixture,
  attributes: Record<string, string> = {},
  name = 'work',
): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return QueueUrl;
}

/** The attributes of a queue whose messages go to another queue after so many receives. */
export function redriveTo({ aws }: LocalAwsFixture, name: string, maxReceiveCount: number): Record<string, string> {
  return { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: aws.sqs.queueArn(name), maxReceiveCount }) };
}

/** Up to ten messages with all their attributes. */
export async function receive({ sqs }: LocalAwsFixture, QueueUrl: string, limit = 10): Promise<readonly Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: limit,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** The bodies of up to ten messages. */
export async function receiveBodies(fixture: LocalAwsFixture, queueUrl: string): Promise<readonly string[]> {
  return (await receive(fixture, queueUrl)).map(({ Body = '' }) => Body);
}

/** What tests of queues do again and again. */
export function queueSteps(fixture: () => LocalAwsFixture) {
  return {
    send: (QueueUrl: string, MessageBody: string, options: { DelaySeconds?: number; MessageGroupId?: string } = {}) =>
      fixture().sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...options })),

    remove: (QueueUrl: string, { ReceiptHandle }: Message) =>
      fixture().sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),

    hideFor: (QueueUrl: string, { ReceiptHandle }: Message, VisibilityTimeout: number) =>
      fixture().sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),

    async receiveOne(queueUrl: string): Promise<Message> {
      const [message] = await receive(fixture(), queueUrl, 1);
      if (message === undefined) throw new Error('expected a message');
      return message;
    },
  };
}
