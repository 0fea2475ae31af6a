import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type AwsClients, createAwsClients } from '@millrace/core/aws';
import { createManualClock, type ManualClock, START_TIME } from '@millrace/core/testing';
import {
  createMessageResources,
  type LocalAws,
  type MessageResources,
  startLocalAws,
} from '@millrace/core/testing/aws';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { type AwsStoreHarness, createAwsStoreHarness } from './aws-store-harness.ts';

export interface AwsHarness extends AwsStoreHarness {
  readonly aws: LocalAws;
  readonly clients: AwsClients;
  readonly resources: MessageResources;
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
  if (disorder) aws.sqs.setDisorder({ random: seededRandom(), duplicate: 0.2, afterDeletion: 0.2, shuffle: true });
  const harness = createAwsStoreHarness({
    ...{ clients, clock, resources },
    close() {
      giveBack(instance);
      return Promise.resolve();
    },
  });
  // Not spread: what it has now may be replaced later.
  return Object.assign(harness, { aws, clients, resources });
}
