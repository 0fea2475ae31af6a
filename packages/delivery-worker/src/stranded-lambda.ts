/** Lambda behind the queue of entries that the work queues gave up: ends their messages. */

import { errorFields, loadParts } from '@millrace/core';
import { createAwsMessageStore, createEmfMetrics, flushing, loadAwsConfig } from '@millrace/core/aws';
import { countDeadLetter } from './attempt-metrics.ts';
import { createFunctionLog } from './function-log.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createStrandedHandler } from './lambda-handlers.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
const lines = createFunctionLog(lambda.logLevel);
const metrics = createEmfMetrics({ namespace: lambda.metricsNamespace, service: 'stranded' });

const settle = createStrandedHandler({
  ...createAwsMessageStore(aws),
  onStranded: countDeadLetter(metrics, 'redriven'),
  onError: (error) => lines.say('record.left', errorFields(error)),
});

export const handler = flushing(metrics, settle);
