/** Lambda behind the queue of entries that the work queues gave up: ends their messages. */

import { loadParts } from '@millrace/core';
import { createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
import { pino } from 'pino';
import { loadLambdaConfig } from './lambda-config.ts';
import { createStrandedHandler } from './lambda-handlers.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
const log = pino({ level: lambda.logLevel, base: null });

export const handler = createStrandedHandler({
  ...createAwsMessageStore(aws),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
