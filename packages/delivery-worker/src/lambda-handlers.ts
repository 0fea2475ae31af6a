/** The functions behind the queues, made of what they need. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, MessageStore } from '@millrace/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { WorkerConfig } from './config.ts';
import { type AttemptReport, deliver } from './deliver.ts';
import { createDeliveryLimits } from './delivery-limits.ts';
import { exchangeDeadlineMs, type Target } from './http-target.ts';
import { createPlaceQueue } from './place-queue.ts';
import {
  type DeliverRecordDeps,
  deliverRecord,
  handleRecords,
  type StrandedRecordDeps,
  settleStrandedRecord,
} from './sqs-records.ts';

export type SqsHandler = (
  event: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<SQSBatchResponse>;

export interface DeliveryHandlerDeps {
  readonly store: Pick<MessageStore, 'claim' | 'settle' | 'handBack' | 'keepOrphans'> &
    Pick<DeliverRecordDeps, 'readEntry' | 'keepUnreadable'>;
  readonly target: Target;
  readonly clock: Clock;
  readonly config: Pick<WorkerConfig, 'concurrency' | 'requestTimeoutMs'>;
  readonly onAttempt: (report: AttemptReport) => void;
  readonly onError: (error: unknown) => void;
}

/** The answer must be given before the function is stopped: else the whole batch comes again. */
const STOP_MARGIN_MS = 1_000;

/** Delivers the entries of the work queues. */
export function createDeliveryHandler(deps: DeliveryHandlerDeps): SqsHandler {
  const { store, clock, config, onError } = deps;
  const { concurrency, requestTimeoutMs } = config;
  // They outlive a batch: what was learned of a target counts for the next one.
  const limits = createDeliveryLimits(concurrency);
  const places = createPlaceQueue(limits);
  const onAttempt = (report: AttemptReport): void => {
    limits.learn(report);
    deps.onAttempt(report);
  };
  const deliverDeps = { ...deps, onAttempt, random: Math.random, newToken: randomUUID, sleep, requestTimeoutMs };
  return ({ Records }, context) => {
    const stoppedAt = clock.now() + context.getRemainingTimeInMillis() - STOP_MARGIN_MS;
    const handle = deliverRecord({
      readEntry: store.readEntry,
      keepUnreadable: store.keepUnreadable,
      handBack: store.handBack,
      deliver: (entries) => deliver(entries, { ...deliverDeps, stoppedAt }),
      places,
      clock,
      deadlineMs: ({ request }) => exchangeDeadlineMs(request, requestTimeoutMs),
      remainingMs: () => context.getRemainingTimeInMillis(),
      onError,
    });
    // Not less: records that wait for one target would keep the others from being read.
    return handleRecords(Records, handle, { concurrency: Number.POSITIVE_INFINITY, onError });
  };
}

/** Each makes a few calls, and has nothing to wait for. */
const STRANDED_CONCURRENCY = 10;

/** Ends the messages whose entries the work queues gave up. */
export function createStrandedHandler(deps: StrandedRecordDeps): SqsHandler {
  const handle = settleStrandedRecord(deps);
  return ({ Records }) => handleRecords(Records, handle, { concurrency: STRANDED_CONCURRENCY, onError: deps.onError });
}
