/** Lambda behind an HTTP API or a function URL: the HTTP API. */

import { loadParts, systemClock } from '@millrace/core';
import {
  createAwsClients,
  createAwsMessageStore,
  createAwsPayloadStore,
  createSsmParameterStore,
  loadAwsConfig,
} from '@millrace/core/aws';
import { destination, pino } from 'pino';
import { loadConfig } from './config.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createLambdaHandler } from './lambda-handler.ts';

const { api, aws, lambda } = loadParts(process.env, { api: loadConfig, aws: loadAwsConfig, lambda: loadLambdaConfig });
// At once: what is not written when the answer is given waits until the function is thawed, if it ever is.
const log = pino({ level: lambda.logLevel, base: null }, destination({ dest: 1, sync: true }));
const clients = createAwsClients();

export const handler = createLambdaHandler({
  store: createAwsMessageStore(aws, { clients, clock: systemClock }),
  payloads: createAwsPayloadStore(aws, { clients }),
  parameters: createSsmParameterStore(clients.ssm),
  clock: systemClock,
  config: { ...api, ...lambda },
  onError: (error) => log.error({ err: error }, 'unexpected'),
});
