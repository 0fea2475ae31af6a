/** Lambda behind the work queues: delivers the entries of a batch of records. */

import { loadParts, systemClock } from '@millrace/core';
import { createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
import { destination, pino } from 'pino';
import { logAttempt } from './attempt-log.ts';
import { loadConfig } from './config.ts';
import { createHttpTarget } from './http-target.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createDeliveryHandler } from './lambda-handlers.ts';

const { worker, aws, lambda } = loadParts(process.env, {
  worker: loadConfig,
  aws: loadAwsConfig,
  lambda: loadLambdaConfig,
});
const { concurrency, connectTimeoutMs } = worker;
// At once: what is not written when the answer is given waits until the function is thawed, if it ever is.
const log = pino({ level: lambda.logLevel, base: null }, destination({ dest: 1, sync: true }));

export const handler = createDeliveryHandler({
  store: createAwsMessageStore(aws),
  target: createHttpTarget({ connectTimeoutMs, connections: concurrency, userAgent: 'Millrace' }),
  clock: systemClock,
  config: worker,
  onAttempt: logAttempt(log),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
