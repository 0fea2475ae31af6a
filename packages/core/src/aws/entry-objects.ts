/** What of an entry is kept in the object store: large bodies, and whole entries of dead letters for their replay. */

import { type Identity, identityKey } from '../domain/identity.ts';
import { MillraceError, StoreUnavailableError } from '../errors.ts';
import type { Entry } from '../ports/message-store.ts';
import { type ObjectStore, ObjectStoreUnavailableError } from '../ports/object-store.ts';
import { decodeEntry, encodeWhole } from './entry-body.ts';

export interface EntryObjects {
  putBody(key: string, bytes: Uint8Array): Promise<void>;
  /** @throws EntryObjectMissingError */
  getBody(key: string): Promise<Uint8Array>;
  /** Keeps an entry, so that a replay can send it again. */
  keepFailed(entry: Entry): Promise<void>;
  /** @throws EntryObjectMissingError */
  getFailed(identity: Identity): Promise<Entry>;
}

/** An object that must be there is not: its bucket's lifecycle rules, or a person, removed it too early. */
export class EntryObjectMissingError extends MillraceError {
  constructor(key: string) {
    super('entry-object-missing', `the object ${key} is gone: the message cannot be sent`);
  }
}

export function createEntryObjects(objects: Pick<ObjectStore, 'get' | 'put'>): EntryObjects {
  async function getBody(key: string): Promise<Uint8Array> {
    const found = await asStore(objects.get(key));
    if (found === undefined) throw new EntryObjectMissingError(key);
    return found.bytes;
  }
  const putBody = async (key: string, bytes: Uint8Array): Promise<void> =>
    void (await asStore(objects.put(key, bytes)));

  return {
    getBody,
    putBody,
    keepFailed: (entry) => putBody(failedKey(entry.identity), encodeWhole(entry)),
    getFailed: async (identity) => decodeEntry(Buffer.from(await getBody(failedKey(identity))).toString(), getBody),
  };
}

/** To callers it is the store that is unavailable, whichever part of it. */
async function asStore<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ObjectStoreUnavailableError)) throw error;
    throw new StoreUnavailableError(error.message, { cause: error });
  }
}

function failedKey(identity: Identity): string {
  const { pk, sk } = identityKey(identity);
  return `payloads/failed/${encodeURIComponent(pk)}/${encodeURIComponent(sk)}.json`;
}
