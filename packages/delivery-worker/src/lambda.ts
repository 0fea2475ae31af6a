/** Lambda behind the work queues: delivers the entries of a batch of records. */

import { createSigningSecrets, loadParts, systemClock } from '@millrace/core';
import {
  createAwsClients,
  createAwsMessageStore,
  createAwsSecretStore,
  createDynamoCircuitStore,
  loadAwsConfig,
  loadSecretsConfig,
} from '@millrace/core/aws';
import { logAttempt } from './attempt-log.ts';
import { loadConfig } from './config.ts';
import { createFunctionLog } from './function-log.ts';
import { logCircuit, OUT_OF_REACH } from './gate/gate-log.ts';
import { createHttpTarget } from './http-target.ts';
import { loadLambdaConfig } from './lambda-config.ts';
import { createDeliveryHandler, createFunctionGate } from './lambda-handlers.ts';

const { worker, aws, secrets, lambda } = loadParts(process.env, {
  worker: loadConfig,
  aws: loadAwsConfig,
  secrets: loadSecretsConfig,
  lambda: loadLambdaConfig,
});
const { allowedPrivateCidrs, concurrency, connectTimeoutMs } = worker;
const log = createFunctionLog(lambda.logLevel);
const clients = createAwsClients();

const gate = createFunctionGate({
  store: createDynamoCircuitStore({ client: clients.dynamodb, tableName: aws.circuitsTableName }),
  clock: systemClock,
  breaker: worker.circuitBreaker,
  onCircuit: logCircuit(log),
  onError: (error) => log.warn({ err: error }, OUT_OF_REACH),
});

export const handler = createDeliveryHandler({
  store: createAwsMessageStore(aws, { clients }),
  gate,
  target: createHttpTarget({
    connectTimeoutMs,
    connections: concurrency,
    userAgent: 'Millrace',
    allowedPrivateCidrs,
  }),
  signing: createSigningSecrets({ store: createAwsSecretStore(secrets, clients), clock: systemClock }),
  clock: systemClock,
  config: worker,
  onAttempt: logAttempt(log),
  onError: (error) => log.error({ err: error }, 'a record comes again'),
});
