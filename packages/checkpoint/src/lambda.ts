/** Lambda on a schedule: folds what is new in a bucket into the files of a checkpoint. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogLines, systemClock } from '@millrace/core';
import * as adapters from '@millrace/core/aws';
import { destination, pino } from 'pino';
import { loadConfig } from './config.ts';
import { createCheckpointHandler } from './function/checkpoint-handler.ts';

const config = loadConfig(process.env);
const { s3: client } = adapters.createAwsClients();
// Written at once: what is not written when the answer is given waits until the function is thawed, if it ever is.
const logger = pino(
  { level: config.logLevel, base: { service: config.service } },
  destination({ dest: 1, sync: true }),
);
const metrics = adapters.createEmfMetrics({ namespace: config.metricsNamespace, service: config.service });

const fold = createCheckpointHandler({
  defaults: config.defaults,
  concurrency: config.concurrency,
  clock: systemClock,
  lines: createLogLines(logger),
  metrics,
  newRunId: randomUUID,
  wait: sleep,
  openSource: (bucket, prefix) => adapters.createFastS3Reader({ client, bucket, prefix }),
  openBucket: (bucket) => ({
    ...adapters.createS3ObjectStore({ client, bucket }),
    ...adapters.createS3ObjectWriter({ client, bucket }),
  }),
});

export const handler = adapters.flushing(metrics, fold);
