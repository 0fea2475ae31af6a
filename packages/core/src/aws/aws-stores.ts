import type { CircuitStore } from '../ports/circuit-store.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import { createSigningSecrets, type SigningSecrets } from '../signing-secrets.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import type { AwsConfig } from './aws-config.ts';
import { createAwsMessageStore, createAwsPayloadStore } from './aws-message-store.ts';
import { createAwsSecretStore, type SecretsConfig } from './aws-secret-store.ts';
import { createDynamoCircuitStore } from './dynamodb-circuit-store.ts';
import type { DynamoMessageStore } from './dynamodb-message-store.ts';

/** Everything that a deployed system keeps, but its logs. */
export interface AwsStores {
  readonly store: DynamoMessageStore;
  readonly payloads: PayloadStore;
  readonly circuits: CircuitStore;
  readonly signing: SigningSecrets;
}

interface AwsStoresOptions {
  readonly clients?: AwsClients;
  readonly clock?: Clock;
}

/** The stores of a deployed system, on the same clients. Makes no call. */
export function createAwsStores(
  config: AwsConfig,
  secrets: SecretsConfig,
  { clients = createAwsClients(), clock = systemClock }: AwsStoresOptions = {},
): AwsStores {
  return {
    store: createAwsMessageStore(config, { clients, clock }),
    payloads: createAwsPayloadStore(config, { clients, clock }),
    circuits: createDynamoCircuitStore({ client: clients.dynamodb, tableName: config.circuitsTableName, clock }),
    signing: createSigningSecrets({ store: createAwsSecretStore(secrets, clients), clock }),
  };
}
