/** Lambda behind the work queues: delivers the entries of a batch of records. */

import { loadParts, systemClock } from '@millrace/core';
import { createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
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
const { allowedPrivateCidrs, concurrency, connectTimeoutMs } = worker;
const log = createFunctionLog(lambda.logLevel);

export const handler = createDeliveryHandler({
  store: createAwsMessageStore(aws),
  target: createHttpTarget({
    connectTimeoutMs,
    connections: concurrency,
    userAgent: 'Millrace',
    allowedPrivateCidrs,
  }),
  clock: systemClock,
  config: worker,
  onAttempt: logAttempt(log),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
