/** Lambda behind the work queues: delivers the entries of a batch of records. */

import { randomBytes } from 'node:crypto';
import { createObjectEventLog, errorFields, loadParts, systemClock } from '@millrace/core';
import {
  createAwsClients,
  createAwsMessageStore,
  createEmfMetrics,
  createLazyObjectStore,
  flushing,
  loadAwsConfig,
} from '@millrace/core/aws';
import { countStoreError } from './attempt-metrics.ts';
import { loadConfig } from './config.ts';
import { createFunctionLog } from './function-log.ts';
import { createHttpTarget } from './http-target.ts';
import { createInvocationLog } from './invocation-log.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createDeliveryHandler } from './lambda-handlers.ts';
import { observeWorker, reportDrop } from './worker-observer.ts';

const { worker, aws, lambda } = loadParts(process.env, {
  worker: loadConfig,
  aws: loadAwsConfig,
  lambda: loadLambdaConfig,
});
const { concurrency, connectTimeoutMs } = worker;
const lines = createFunctionLog(lambda.logLevel);
const metrics = createEmfMetrics({ namespace: lambda.metricsNamespace, service: 'delivery-worker' });
const countError = countStoreError(metrics);
const clients = createAwsClients();
const eventLog = createObjectEventLog(createLazyObjectStore(clients, aws.bucketName));
const onDrop = reportDrop(lines, metrics);
const attempts = lambda.attemptLog
  ? createInvocationLog({ eventLog, clock: systemClock, randomBytes, onDrop })
  : undefined;

const deliver = createDeliveryHandler({
  ...observeWorker({ lines, metrics, worker: lambda.worker, attempts }),
  store: createAwsMessageStore(aws, { clients }),
  target: createHttpTarget({ connectTimeoutMs, connections: concurrency, userAgent: 'Millrace' }),
  clock: systemClock,
  config: worker,
  onError(error) {
    countError(error);
    lines.say('record.left', errorFields(error));
  },
  ...(attempts && { flush: attempts.flush }),
});

export const handler = flushing(metrics, deliver);
