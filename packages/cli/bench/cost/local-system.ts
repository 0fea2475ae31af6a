/** The whole system in one process, on the local AWS, with a target that remembers what it got. */

import { type AwsStores, createAwsClients, createAwsStores } from '@millrace/core/aws';
import {
  createEventSourceMapping,
  createMessageResources,
  type EventSourceMapping,
  type LocalAws,
  startLocalAws,
} from '@millrace/core/testing/aws';
import { type Receiver, type Reception, startReceiver } from '../../test/support/receiver.ts';
import { createFunctions, type Functions } from './functions.ts';

export interface LocalSystem {
  readonly aws: LocalAws;
  readonly api: Functions['api'];
  readonly worker: EventSourceMapping;
  readonly receiver: Receiver;
  readonly store: AwsStores['store'];
  /** What functions met and survived. */
  readonly errors: readonly unknown[];
  advance(ms: number): void;
  close(): Promise<void>;
}

interface LocalSystemOptions {
  readonly workerBatch: number;
  /** The status that the target answers with. @param seen requests of this message, this one included */
  readonly answer: (reception: Reception, seen: number) => number;
}

const START = Date.UTC(2026, 10, 22, 10);

export async function startLocalSystem({ workerBatch, answer }: LocalSystemOptions): Promise<LocalSystem> {
  let now = START;
  const clock = { now: () => now };
  const aws = await startLocalAws({ clock: clock.now });
  const clients = createAwsClients(aws.directConfig);
  const resources = await createMessageResources(clients, { prefix: 'cost' });
  const [queueUrl = ''] = resources.workQueueUrls;
  const stores = createAwsStores(resources, { backend: 'ssm', prefix: '/cost/secrets' }, { clients, clock });
  const errors: unknown[] = [];
  const functions = createFunctions({ ...stores, clock, onError: (error) => void errors.push(error) });
  const receiver = await startReceiver((reception) => answer(reception, receiver.of(reception.webhookId).length));
  const mapping = { aws, queueUrl, clock: clock.now, batchSize: workerBatch, timeoutMs: 60_000 };
  aws.clearCalls();
  return {
    ...{ aws, receiver, store: stores.store, errors, api: functions.api },
    worker: createEventSourceMapping({ ...mapping, handler: functions.worker }),
    advance(ms) {
      now += ms;
    },
    async close() {
      for (const client of Object.values(clients)) client.destroy();
      await Promise.all([functions.close(), receiver.close(), aws.close()]);
    },
  };
}
