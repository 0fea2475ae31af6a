/** Lambda behind the queue of entries that the work queues gave up: ends their messages. */

import { loadParts } from '@millrace/core';
import { createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
import { destination, pino } from 'pino';
import { loadLambdaConfig } from './lambda-config.ts';
import { createStrandedHandler } from './lambda-handlers.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
// At once: what is not written when the answer is given waits until the function is thawed, if it ever is.
const log = pino({ level: lambda.logLevel, base: null }, destination({ dest: 1, sync: true }));

export const handler = createStrandedHandler({
  ...createAwsMessageStore(aws),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
