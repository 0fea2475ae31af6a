/** The functions behind the queues, made of what they need. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Entry, MessageStore, SigningSecrets } from '@millrace/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { WorkerConfig } from './config.ts';
import { type AttemptReport, type DeliverDeps, deliver } from './deliver.ts';
import { createDeliveryLimits } from './delivery-limits.ts';
import { createTargetGate, type TargetGate, type TargetGateDeps } from './gate/target-gate.ts';
import { exchangeDeadlineMs, type Target } from './http-target.ts';
import { createPlaceQueue } from './place-queue.ts';
import {
  type DeliverRecordDeps,
  deliverRecord,
  handleRecords,
  longestExchangeMs,
  type StrandedRecordDeps,
  settleStrandedRecord,
} from './sqs-records.ts';
import type { Timers } from './timers.ts';

export type SqsHandler = (
  event: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<SQSBatchResponse>;

/** What else a delivery is made of may be given in place of the usual. */
export interface DeliveryHandlerDeps extends Partial<Pick<DeliverDeps, 'random' | 'newToken' | 'sleep'>> {
  readonly store: Pick<MessageStore, 'claim' | 'settle' | 'handBack' | 'keepOrphans'> &
    Pick<DeliverRecordDeps, 'readEntry' | 'keepUnreadable'>;
  readonly target: Pick<Target, 'send'>;
  readonly signing: Pick<SigningSecrets, 'secretsOf'>;
  /** Without it, every message goes. */
  readonly gate?: Pick<TargetGate, 'ask' | 'flush'>;
  readonly clock: Clock;
  readonly config: Pick<WorkerConfig, 'concurrency' | 'requestTimeoutMs'>;
  /** Default: those of Node.js. */
  readonly timers?: Timers;
  readonly onAttempt: (report: AttemptReport) => void;
  readonly onOrphan?: (entry: Entry) => void;
  readonly onError: (error: unknown) => void;
  /** Writes what is known of the attempts of this invocation, within the limit, before the answer is given. */
  readonly flush?: (limitMs: number) => Promise<void>;
}

/** The answer must be given before the function is stopped: else the whole batch comes again. */
const STOP_MARGIN_MS = 1_000;
/** For what the gate still writes; what is written after the answer waits until the function is thawed, if it is. */
const GATE_FLUSH_MS = 500;

/** The longest that a queue waits. */
const LONGEST_WAIT_MS = 900_000;

/** The gate of a function. */
export function createFunctionGate(
  deps: Pick<TargetGateDeps, 'store' | 'clock' | 'breaker' | 'onCircuit' | 'onError'>,
): TargetGate {
  const effects = {
    random: Math.random,
    newToken: randomUUID,
    // The limit of a wait that is over must not keep a process from ending.
    sleep: (ms: number) => sleep(ms, undefined, { ref: false }),
  };
  return createTargetGate({ ...effects, longestWaitMs: LONGEST_WAIT_MS, ...deps });
}

/** What is written after the last delivery is written within this, however much time is left. */
const FLUSH_MS = 5_000;

/** Delivers the entries of the work queues. */
export function createDeliveryHandler(deps: DeliveryHandlerDeps): SqsHandler {
  const { store, clock, config, onError } = deps;
  const { concurrency, requestTimeoutMs } = config;
  // They outlive a batch: what was learned of a target counts for the next one.
  const limits = createDeliveryLimits(concurrency);
  const places = createPlaceQueue(limits, deps.timers);
  const onAttempt = (report: AttemptReport): void => {
    limits.learn(report);
    deps.onAttempt(report);
  };
  const deliverDeps = { random: Math.random, newToken: randomUUID, sleep, ...deps, onAttempt, requestTimeoutMs };
  return async ({ Records }, context) => {
    const invocationMs = context.getRemainingTimeInMillis();
    const times = {
      stoppedAt: clock.now() + invocationMs - STOP_MARGIN_MS,
      longestExchangeMs: longestExchangeMs(invocationMs),
    };
    const handle = deliverRecord({
      readEntry: store.readEntry,
      keepUnreadable: store.keepUnreadable,
      handBack: store.handBack,
      deliver: (entries) => deliver(entries, { ...deliverDeps, ...times }),
      places,
      clock,
      deadlineMs: ({ request }) => exchangeDeadlineMs(request, requestTimeoutMs),
      longestExchangeMs: times.longestExchangeMs,
      remainingMs: () => context.getRemainingTimeInMillis(),
      onError,
    });
    // Not less: records that wait for one target would keep the others from being read.
    const response = await handleRecords(Records, handle, { concurrency: Number.POSITIVE_INFINITY, onError });
    const remainingMs = Math.max(0, Math.min(FLUSH_MS, times.stoppedAt - clock.now()));
    await Promise.all([deps.gate?.flush(Math.min(GATE_FLUSH_MS, remainingMs)), deps.flush?.(remainingMs)]);
    return response;
  };
}

/** Each makes a few calls, and has nothing to wait for. */
const STRANDED_CONCURRENCY = 10;

/** Ends the messages whose entries the work queues gave up. */
export function createStrandedHandler(deps: StrandedRecordDeps): SqsHandler {
  const handle = settleStrandedRecord(deps);
  return ({ Records }) => handleRecords(Records, handle, { concurrency: STRANDED_CONCURRENCY, onError: deps.onError });
}
