/** SQS in memory: standard queues over the JSON protocol. Time comes from a clock that a test moves; nothing waits. */

import { dispatch, type JsonService } from '../service.ts';
import { type Disorder, type DisorderOptions, disorder, inOrder } from './disorder.ts';
import { messageActions } from './message-actions.ts';
import type { QueuedMessage } from './queue.ts';
import { createQueueRecords } from './queue-records.ts';

export const SQS_LACKS: readonly string[] = [
  'sqs FIFO queues',
  'sqs waiting of long polls',
  'sqs fairness between message groups',
  'sqs message move tasks',
  'sqs policies, encryption and tags',
  'sqs messages over 256 KiB',
  'sqs the minute between deleting a queue and creating it again',
];

export interface SqsServerOptions {
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Where queue URLs point to. */
  readonly endpoint: () => string;
  readonly region: string;
  readonly accountId: string;
}

export interface SqsServer extends JsonService {
  queueUrl(name: string): string;
  queueArn(name: string): string;
  /** What a queue holds now, in the order of arrival; looking receives nothing. */
  messages(queueUrl: string): readonly QueuedMessage[];
  /** Lets all queues hand out twice, out of order, or after deletion; undefined: once and in order. */
  setDisorder(options: DisorderOptions | undefined): void;
  /** How many messages a queue may have in flight, 120,000 at first. */
  setInFlightLimit(limit: number): void;
}

const IN_FLIGHT_LIMIT = 120_000;

export function createSqsServer({ clock, endpoint, region, accountId }: SqsServerOptions): SqsServer {
  let inFlightLimit = IN_FLIGHT_LIMIT;
  let order: Disorder = inOrder;
  const queueUrl = (name: string): string => `${endpoint()}/${accountId}/${name}`;
  const queueArn = (name: string): string => `arn:aws:sqs:${region}:${accountId}:${name}`;
  const records = createQueueRecords({
    clock,
    urlOf: queueUrl,
    arnOf: queueArn,
    inFlightLimit: () => inFlightLimit,
    disorder: () => order,
  });

  return {
    call: dispatch({ ...records.actions, ...messageActions(records.recordOf, clock) }),
    queueUrl,
    queueArn,
    messages: (url) => records.recordOf({ QueueUrl: url }).queue.messages(),
    setDisorder(options) {
      order = options === undefined ? inOrder : disorder(options);
    },
    setInFlightLimit(limit) {
      inFlightLimit = limit;
    },
  };
}
