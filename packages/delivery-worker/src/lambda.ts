/** Lambda behind the work queues: delivers the entries of a batch of records. */

import { loadParts, systemClock } from '@millrace/core';
import { createAwsClients, createAwsMessageStore, createAwsPayloadStore, loadAwsConfig } from '@millrace/core/aws';
import { logAttempt } from './attempt-log.ts';
import { loadConfig } from './config.ts';
import { createFunctionLog } from './function-log.ts';
import { createHttpTarget } from './http-target.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createDeliveryHandler } from './lambda-handlers.ts';

const { worker, aws, lambda } = loadParts(process.env, {
  worker: loadConfig,
  aws: loadAwsConfig,
  lambda: loadLambdaConfig,
});
const { concurrency, connectTimeoutMs } = worker;
const log = createFunctionLog(lambda.logLevel);

const clients = createAwsClients();

export const handler = createDeliveryHandler({
  store: createAwsMessageStore(aws, { clients }),
  target: createHttpTarget({
    connectTimeoutMs,
    connections: concurrency,
    userAgent: 'Millrace',
    payloads: createAwsPayloadStore(aws, { clients }),
  }),
  clock: systemClock,
  config: worker,
  onAttempt: logAttempt(log),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
