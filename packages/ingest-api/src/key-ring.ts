/**
 * The keys of this process, in memory: finding one costs no look-up in the store. Every change goes through here, so that
 * it counts for the next request.
 */

import type { ApiKey, KeyStore, StoredKey } from '@millrace/core';

export interface KeyRing extends KeyStore {
  /** Was there never a key? */
  isEmpty(): boolean;
  find(id: string): StoredKey | undefined;
}

/**
 * Reads all keys of a store that no other process changes.
 *
 * @throws StoreUnavailableError
 */
export async function openKeyRing(store: KeyStore): Promise<KeyRing> {
  const keys = new Map<string, StoredKey>();
  for (const key of await store.list()) keys.set(key.id, key);

  return {
    isEmpty: () => keys.size === 0,
    find: (id) => keys.get(id),
    list: () => Promise.resolve([...keys.values()]),
    async add(key) {
      const isAdded = await store.add(key);
      if (isAdded) keys.set(key.id, key);
      return isAdded;
    },
    async revoke(id, at): Promise<ApiKey | undefined> {
      const revoked = await store.revoke(id, at);
      const key = keys.get(id);
      if (revoked !== undefined && key !== undefined) keys.set(id, { ...key, revokedAt: revoked.revokedAt });
      return revoked;
    },
  };
}
