/**
 * What every `KeyStore` must do, whatever it is built on.
 */

import { describe, expect, test } from '@jest/globals';
import type { KeyStore } from '../ports/key-store.ts';
import { aStoredKey } from './factories.ts';
import { START_TIME } from './manual-clock.ts';
import { useHarness } from './use-harness.ts';

/** What the suite needs of an adapter beside the port. */
export interface KeyStoreHarness {
  /** Of the process that runs now; `restart` replaces it. */
  readonly keys: KeyStore;
  /** The process crashes and another starts. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Declares the suite for one adapter.
 *
 * @param open opens an empty store for every test
 */
export function describeKeyStore(name: string, open: () => Promise<KeyStoreHarness>): void {
  describe(`${name} keeps the promises of KeyStore`, () => {
    const h = useHarness(open);

    test('has no keys at first', async () => {
      expect(await h().keys.list()).toEqual([]);
    });

    test('gives keys back as they were stored, in the order in which they were made, after a restart too', async () => {
      const keys = [
        aStoredKey({ name: 'a "name", with ünïcode' }),
        aStoredKey({ senders: 'all', scopes: ['operate'] }),
        aStoredKey({ expiresAt: START_TIME + 1, limits: { rate: { perSecond: 1, burst: 100 }, backlog: 7 } }),
        aStoredKey({ createdAt: START_TIME - 1, senders: ['all', '*', 'a,b'] }),
      ];
      for (const key of keys) expect(await h().keys.add(key)).toBe(true);
      expect(await h().keys.list()).toEqual(keys);
      await h().restart();
      expect(await h().keys.list()).toEqual(keys);
    });

    test('keeps the first of two keys with one id, and says that it has not stored the other', async () => {
      const first = aStoredKey();
      expect(await h().keys.add(first)).toBe(true);
      expect(await h().keys.add({ ...aStoredKey({ name: 'other' }), id: first.id })).toBe(false);
      expect(await h().keys.list()).toEqual([first]);
    });

    test('stores one of two keys with one id that come at once', async () => {
      const first = aStoredKey();
      const results = await Promise.all([h().keys.add(first), h().keys.add({ ...aStoredKey(), id: first.id })]);
      expect(results.filter((isAdded) => isAdded)).toHaveLength(1);
      expect(await h().keys.list()).toHaveLength(1);
    });

    test('revokes a key at its time, keeps it, and does not change that time', async () => {
      const [kept, revoked] = [aStoredKey(), aStoredKey()];
      await h().keys.add(kept);
      await h().keys.add(revoked);
      for (const at of [START_TIME + 5, START_TIME + 9]) {
        expect(await h().keys.revoke(revoked.id, at)).toMatchObject({ id: revoked.id, revokedAt: START_TIME + 5 });
      }
      await h().restart();
      expect(await h().keys.list()).toEqual([kept, { ...revoked, revokedAt: START_TIME + 5 }]);
    });

    test('has nothing to revoke under an id that no key has', async () => {
      await h().keys.add(aStoredKey());
      for (const id of ['', 'nobody', "'; DROP TABLE keys; --"]) expect(await h().keys.revoke(id, 1)).toBeUndefined();
      expect(await h().keys.list()).toMatchObject([{ revokedAt: null }]);
    });
  });
}
