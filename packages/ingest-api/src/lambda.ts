/** Lambda behind an HTTP API or a function URL: the HTTP API. */

import { createLogLines, loadParts, systemClock } from '@millrace/core';
import {
  createAwsClients,
  createAwsStores,
  createEmfMetrics,
  createSsmParameterStore,
  flushing,
  loadAwsConfig,
  loadSecretsConfig,
} from '@millrace/core/aws';
import { destination, pino } from 'pino';
import { observeApi } from './accept-observer.ts';
import { createBooksCheck } from './books-check.ts';
import { loadConfig } from './config.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createLambdaHandler } from './lambda-handler.ts';

const { api, aws, secrets, lambda } = loadParts(process.env, {
  api: loadConfig,
  aws: loadAwsConfig,
  secrets: loadSecretsConfig,
  lambda: loadLambdaConfig,
});
// At once: what is not written when the answer is given waits until the function is thawed, if it ever is.
const log = pino({ level: lambda.logLevel, base: null }, destination({ dest: 1, sync: true }));
const metrics = createEmfMetrics({ namespace: lambda.metricsNamespace, service: 'ingest-api' });
const clients = createAwsClients();
const stores = createAwsStores(aws, secrets, { clients });

const answer = createLambdaHandler({
  ...observeApi(createLogLines(log), metrics),
  ...stores,
  parameters: createSsmParameterStore(clients.ssm),
  clock: systemClock,
  config: { ...api, ...lambda },
  readiness: createBooksCheck(stores.store.accounting.read, systemClock),
});

export const handler = flushing(metrics, answer);
