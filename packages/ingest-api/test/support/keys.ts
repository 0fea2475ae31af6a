/** Keys of an API under test. */

import { type ApiKey, KEY_BYTES, type KeyLimits, keyText, readKeyText, type StoredKey } from '@millrace/core';
import type { SqliteStore } from '@millrace/core/sqlite';
import { aStoredKey, type ManualClock } from '@millrace/core/testing';
import {
  type CallerOf,
  createBearerCallers,
  createKeyQuotas,
  type KeyDesk,
  type KeyRing,
  openKeyRing,
} from '../../src/index.ts';

export interface TestKeys {
  readonly callerOf: CallerOf;
  readonly desk: KeyDesk;
  readonly ring: KeyRing;
  /** Stores a key with these fields and gives its text. */
  make(fields?: Partial<ApiKey>): Promise<{ readonly text: string; readonly key: StoredKey }>;
}

export interface TestKeysOptions {
  readonly store: SqliteStore;
  readonly clock: ManualClock;
  readonly isLocal?: boolean | undefined;
  readonly keyLimits?: Partial<KeyLimits> | undefined;
}

let seed = 0;

/** Bytes that are others on every call. */
function nextBytes(count: number): Uint8Array {
  seed += 1;
  return Uint8Array.from({ length: count }, (_, index) => (seed >> ((index % 4) * 8)) + index);
}

export async function openTestKeys({
  store,
  clock,
  isLocal = true,
  keyLimits = {},
}: TestKeysOptions): Promise<TestKeys> {
  const ring = await openKeyRing(store.keys);
  const defaults = { rate: null, backlog: null, ...keyLimits };
  const quotas = createKeyQuotas({ backlog: store, clock, defaults });
  return {
    ring,
    desk: { ring, randomBytes: nextBytes },
    callerOf: createBearerCallers({ keys: ring, clock, quotas, isLocal }),
    async make(fields = {}) {
      const text = keyText(nextBytes(KEY_BYTES));
      const reading = readKeyText(text);
      if (reading === undefined) throw new Error('a key that cannot be read');
      const key = aStoredKey({ createdAt: clock.now(), ...fields, ...reading });
      if (!(await ring.add(key))) throw new Error('a key of that id is there');
      return { text, key };
    },
  };
}
