import type { KeyStore } from '../ports/key-store.ts';
import type { EngineHost } from './engine-host.ts';

/** `KeyStore` on one machine: a table beside the messages. */
export function createKeyStore(host: EngineHost): KeyStore {
  return {
    add: (key) => host.call('addKey', { key }),
    list: () => host.call('listKeys', undefined),
    revoke: (id, at) => host.call('revokeKey', { id, at }),
  };
}
