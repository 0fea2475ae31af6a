/** A data folder: the database, and what stands beside it in folders of its own. */

import path from 'node:path';
import { type Clock, createSigningSecrets, type SigningSecrets } from '@millrace/core';
import {
  type FilePayloadStore,
  openFilePayloadStore,
  openFileSecretStore,
  openSqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from '@millrace/core/sqlite';

export interface DataFolder {
  readonly store: SqliteStore;
  /** What requests are signed with. */
  readonly signing: SigningSecrets;
  /** Large bodies. */
  readonly payloads: FilePayloadStore;
}

const SECRETS_FOLDER = 'secrets';

/**
 * Owns the folder until its store is closed.
 *
 * @throws DataFolderError when it cannot be used
 */
export async function openDataFolder(options: SqliteStoreOptions & { readonly clock: Clock }): Promise<DataFolder> {
  const { folder, clock } = options;
  const store = await openSqliteStore(options);
  try {
    const secrets = await openFileSecretStore({ folder: path.join(folder, SECRETS_FOLDER) });
    const payloads = await openFilePayloadStore({ folder, index: store.payloadIndex, clock });
    return { store, signing: createSigningSecrets({ store: secrets, clock }), payloads };
  } catch (error) {
    await store.close();
    throw error;
  }
}
