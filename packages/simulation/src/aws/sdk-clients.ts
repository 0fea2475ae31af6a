/**
 * The SDK's own clients, whose calls go to the simulation instead of the network: before anything is serialised, signed
 * or tried again. Making clients takes longer than a history, so that they are used again.
 */

import type { ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-dynamodb';
import type { ServiceInputTypes as SqsInputTypes, ServiceOutputTypes as SqsOutputTypes } from '@aws-sdk/client-sqs';
import { type AwsClients, createAwsClients } from '@millrace/core/aws';

/** Where calls go. */
export interface Services {
  /** @param tries of a call, as the client would make them */
  dynamodb(command: string, input: ServiceInputTypes, tries: number): Promise<ServiceOutputTypes>;
  sqs(command: string, input: SqsInputTypes, tries: number): Promise<SqsOutputTypes>;
}

interface ClientSet {
  readonly clients: Pick<AwsClients, 'dynamodb' | 'dynamodbOnce' | 'sqs'>;
  /** From now on calls go there. */
  connect(services: Services): void;
}

/** Of `createAwsClients`. */
const TRIES = 4;

const HOOK = { step: 'initialize', priority: 'high', name: 'simulation' } as const;

function createClientSet(): ClientSet {
  const { dynamodb, dynamodbOnce, sqs } = createAwsClients({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
  });
  let services: Services | undefined;
  const connected = (): Services => {
    if (services === undefined) throw new Error('the client is not connected');
    return services;
  };
  for (const [client, tries] of [[dynamodb, TRIES] as const, [dynamodbOnce, 1] as const]) {
    client.middlewareStack.add(
      (_next, { commandName = '' }) =>
        async ({ input }) => ({ output: await connected().dynamodb(commandName, input, tries), response: {} }),
      HOOK,
    );
  }
  sqs.middlewareStack.add(
    (_next, { commandName = '' }) =>
      async ({ input }) => ({ output: await connected().sqs(commandName, input, TRIES), response: {} }),
    HOOK,
  );
  return {
    clients: { dynamodb, dynamodbOnce, sqs },
    connect(to) {
      services = to;
    },
  };
}

const idle: ClientSet[] = [];

/** Clients for the processes of a history, until it gives them back. */
export function borrowClients(): { borrow(): ClientSet; giveBack(): void } {
  const lent: ClientSet[] = [];
  return {
    borrow() {
      const set = idle.pop() ?? createClientSet();
      lent.push(set);
      return set;
    },
    giveBack: () => void idle.push(...lent.splice(0)),
  };
}
