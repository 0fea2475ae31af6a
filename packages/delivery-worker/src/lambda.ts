/** Lambda behind the work queues: delivers the entries of a batch of records. */

import { createObjectEventLog, loadParts, systemClock } from '@millrace/core';
import * as adapters from '@millrace/core/aws';
import { loadConfig } from './config.ts';
import { createFunctionLog } from './function-log.ts';
import { observeFunction } from './function-observer.ts';
import { createHttpTarget } from './http-target.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createDeliveryHandler, createFunctionGate } from './lambda-handlers.ts';

const { worker, aws, secrets, lambda } = loadParts(process.env, {
  worker: loadConfig,
  aws: adapters.loadAwsConfig,
  secrets: adapters.loadSecretsConfig,
  lambda: loadLambdaConfig,
});
const clock = systemClock;
const clients = adapters.createAwsClients();
const objects = adapters.createLazyObjectStore(clients, aws.bucketName);
const { store, payloads, circuits, signing } = adapters.createAwsStores(aws, secrets, { clients, clock });
const metrics = adapters.createEmfMetrics({ namespace: lambda.metricsNamespace, service: 'delivery-worker' });
const lines = createFunctionLog(lambda.logLevel);
const eventLog = lambda.attemptLog ? createObjectEventLog(objects) : undefined;
const observer = observeFunction({ lines, metrics, eventLog, clock, worker: lambda.worker });

const deliver = createDeliveryHandler({
  ...observer.delivery,
  store,
  gate: createFunctionGate({ ...observer.gate, store: circuits, clock, breaker: worker.circuitBreaker }),
  target: createHttpTarget({ ...worker, connections: worker.concurrency, userAgent: 'Millrace', payloads }),
  signing,
  clock,
  config: worker,
});

export const handler = adapters.flushing(metrics, deliver);
