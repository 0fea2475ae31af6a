/**
 * The API under test: the app on a real HTTP server and a real store in a folder of its own.
 */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { afterEach } from '@jest/globals';
import { type CircuitStore, createSigningSecrets, type KeyLimits, type SigningSecrets } from '@millrace/core';
import { type FilePayloadStore, openFilePayloadStore, openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import {
  createManualClock,
  createMemorySecretStore,
  type ManualClock,
  type MemorySecretStore,
} from '@millrace/core/testing';
import { type ApiDeps, createApp, refusingWhenFull } from '../../src/index.ts';
import { type Client, createClient } from './client.ts';
import { type Contract, createContract } from './contract.ts';
import { openTestKeys, type TestKeys } from './keys.ts';

export interface Api {
  /** The app itself, for requests that no HTTP client makes. */
  readonly app: ReturnType<typeof createApp>;
  readonly client: Client;
  readonly contract: Contract;
  readonly store: SqliteStore;
  readonly signing: SigningSecrets;
  readonly circuits: CircuitStore;
  readonly secretStore: MemorySecretStore;
  readonly payloads: FilePayloadStore;
  /** The data folder. */
  readonly folder: string;
  readonly clock: ManualClock;
  readonly url: string;
  readonly keys: TestKeys;
  /** What was reported as unexpected. */
  readonly errors: readonly unknown[];
}

export interface ApiOptions extends Partial<Omit<ApiDeps, 'store' | 'clock' | 'config' | 'keys'>> {
  /** Callers show keys, unless `callerOf` says otherwise; `keyLimits` are of keys that have none of their own. */
  readonly isLocal?: boolean;
  readonly keyLimits?: Partial<KeyLimits>;
  readonly config?: Partial<ApiDeps['config']>;
  /** Methods of the store that do something else. */
  readonly faults?: Partial<ApiDeps['store']>;
  /** The same of the payload store. */
  readonly payloadFaults?: Partial<ApiDeps['payloads']>;
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Started for one test, and closed after it. */
export async function startApi({
  config,
  faults,
  isLocal,
  keyLimits,
  payloadFaults,
  ...deps
}: ApiOptions = {}): Promise<Api> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-api-'));
  closers.push(() => rm(folder, { recursive: true }));
  const clock = createManualClock();
  const store = await openSqliteStore({ folder, clock, thread: false });
  closers.push(() => store.close());

  const secretStore = createMemorySecretStore();
  const signing = createSigningSecrets({ store: secretStore, clock });
  const { circuits } = store;
  const keys = await openTestKeys({ store, clock, isLocal, keyLimits });
  const payloads = await openFilePayloadStore({ folder, index: store.payloadIndex, clock });
  const errors: unknown[] = [];
  const app = createApp({
    store: { ...store, ...faults },
    signing,
    circuits,
    payloads: { ...payloads, ...payloadFaults },
    uploads: payloads,
    clock,
    config: { allowHttp: false, corsOrigins: [], ...config },
    onError: (error) => errors.push(error),
    callerOf: keys.callerOf,
    keys: keys.desk,
    ...deps,
  });
  const { intake } = deps;
  const fetch = intake === undefined ? app.fetch : refusingWhenFull(intake, app.fetch);
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    const closed = once(server, 'close');
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  });

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const document = await app.request('/openapi.json');
  const contract = createContract(JSON.parse(await document.text()));
  const client = createClient(url, contract);
  closers.push(() => client.close());
  return { app, client, contract, store, signing, circuits, secretStore, payloads, folder, clock, url, keys, errors };
}
