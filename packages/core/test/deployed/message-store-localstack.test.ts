import { jest } from '@jest/globals';
import { createAwsClients } from '@millrace/core/aws';
import {
  createManualClock,
  describeMessageStoreExamples,
  LEASE_MS,
  testNeeding,
  uniqueId,
} from '@millrace/core/testing';
import { createMessageResources } from '@millrace/core/testing/aws';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { createAwsStoreHarness } from '../support/aws-store-harness.ts';
import { HIDDEN_SECONDS, useManualQueueTime } from './support/manual-queue-time.ts';

/** A property opens one for every run; here that takes half a second. */
const HUNDREDS_OF_STORES = 'hundreds of stores in a minute';
const LOCALSTACK = { name: 'LocalStack', lacks: [HUNDREDS_OF_STORES] };

jest.setTimeout(60_000);

const localStack = useLocalStack({ dynamodb: true });

async function openHarness() {
  const clock = createManualClock();
  const clients = createAwsClients(localStack().config);
  useManualQueueTime(clients.sqs, clock, LEASE_MS);
  const resources = await createMessageResources(clients, {
    prefix: uniqueId('test'),
    visibilitySeconds: HIDDEN_SECONDS,
  });
  return createAwsStoreHarness({
    ...{ clients, clock, resources },
    close() {
      for (const client of Object.values(clients)) client.destroy();
      return Promise.resolve();
    },
  });
}

describeMessageStoreExamples('DynamoDB, SQS and S3 of LocalStack', openHarness);

for (const title of [
  'list pages hold every message that matches exactly once, for any page size',
  'replayMany calls that follow the cursor replay every FAILED message that matches exactly once',
  'a dry run of replayMany counts what matches, and changes nothing',
  'after any sequence of events the store agrees with the model, and every message can end',
]) {
  testNeeding(LOCALSTACK, HUNDREDS_OF_STORES, title, () => undefined);
}
