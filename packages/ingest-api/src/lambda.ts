/** Lambda behind an HTTP API or a function URL: the HTTP API. */

import { createSigningSecrets, loadParts, systemClock } from '@millrace/core';
import {
  createAwsClients,
  createAwsMessageStore,
  createAwsSecretStore,
  createDynamoCircuitStore,
  createSsmParameterStore,
  loadAwsConfig,
  loadSecretsConfig,
} from '@millrace/core/aws';
import { destination, pino } from 'pino';
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
const clients = createAwsClients();

export const handler = createLambdaHandler({
  store: createAwsMessageStore(aws, { clients, clock: systemClock }),
  signing: createSigningSecrets({ store: createAwsSecretStore(secrets, clients), clock: systemClock }),
  circuits: createDynamoCircuitStore({ client: clients.dynamodb, tableName: aws.circuitsTableName }),
  parameters: createSsmParameterStore(clients.ssm),
  clock: systemClock,
  config: { ...api, ...lambda },
  onError: (error) => log.error({ err: error }, 'unexpected'),
});
