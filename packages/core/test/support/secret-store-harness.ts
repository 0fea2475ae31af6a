import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type AwsClients, createAwsSecretStore, type SecretsConfig } from '@millrace/core/aws';
import { openFileSecretStore } from '@millrace/core/sqlite';
import { type SecretStoreHarness, uniqueId } from '@millrace/core/testing';
import { makeFolder } from './sqlite-harness.ts';

/** A store in a folder of its own; `close` removes the folder. */
export async function openFileSecretHarness(): Promise<SecretStoreHarness & { readonly folder: string }> {
  const parent = await makeFolder();
  const folder = path.join(parent, 'secrets');
  let store = await openFileSecretStore({ folder });
  return {
    get store() {
      return store;
    },
    folder,
    async restart() {
      store = await openFileSecretStore({ folder });
    },
    close: () => rm(parent, { recursive: true }),
  };
}

/** A store under a prefix of its own. */
export function openAwsSecretHarness(clients: AwsClients, backend: SecretsConfig['backend']): SecretStoreHarness {
  const open = () => createAwsSecretStore(config, clients);
  const config = { backend, prefix: `/millrace/${uniqueId('env')}/secrets` };
  let store = open();
  return {
    get store() {
      return store;
    },
    restart() {
      store = open();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
