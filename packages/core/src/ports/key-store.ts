/**
 * The keys by which callers are known. Where callers are known otherwise (AWS: by IAM) there is no such store.
 *
 * Keys are few, and read whole. None is ever removed: a folder that has had a key never again serves without.
 *
 * Promises are checked on every adapter by `describeKeyStore` in `@millrace/core/testing`. Any call may throw
 * `StoreUnavailableError`: then nothing is known to have happened, and repeating the call is safe.
 */

import type { ApiKey, StoredKey } from '../domain/api-key.ts';

export interface KeyStore {
  /** Stores a new key durably; false when its id is taken, and nothing was done. */
  add(key: StoredKey): Promise<boolean>;

  /** Every key, in the order in which they were made. */
  list(): Promise<readonly StoredKey[]>;

  /**
   * Revokes a key for good; one that is revoked keeps its time.
   *
   * @param at epoch milliseconds
   * @returns the key as it is now; undefined when there is none of that id
   */
  revoke(id: string, at: number): Promise<ApiKey | undefined>;
}
