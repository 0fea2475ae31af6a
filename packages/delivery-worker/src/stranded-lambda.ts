/** Lambda behind the queue of entries that the work queues gave up: ends their messages. */

import { loadParts } from '@millrace/core';
import { createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
import { createFunctionLog } from './function-log.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createStrandedHandler } from './lambda-handlers.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
const log = createFunctionLog(lambda.logLevel);

export const handler = createStrandedHandler({
  ...createAwsMessageStore(aws),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
