/** What is kept in the object store of entries: those of dead letters for their replay, and records that are none. */

import { hash } from 'node:crypto';
import { type Identity, identityKey } from '../domain/identity.ts';
import { MillraceError } from '../errors.ts';
import type { Entry } from '../ports/message-store.ts';
import { asPartOfStore, type ObjectStore } from '../ports/object-store.ts';
import { decodeEntry, encodeEntry } from './entry-body.ts';

export interface EntryObjects {
  /** Keeps an entry, so that a replay can send it again. */
  keepFailed(entry: Entry): Promise<void>;
  /** @throws EntryObjectMissingError */
  getFailed(identity: Identity): Promise<Entry>;
  /** Keeps a record that is no entry; returns the key that it is found under. */
  keepUnreadable(text: string): Promise<string>;
}

/** An object that must be there is not: its bucket's lifecycle rules, or a person, removed it too early. */
export class EntryObjectMissingError extends MillraceError {
  constructor(key: string) {
    super('entry-object-missing', `the object ${key} is gone: the message cannot be sent`);
  }
}

export function createEntryObjects(objects: Pick<ObjectStore, 'get' | 'put'>): EntryObjects {
  const put = async (key: string, text: string): Promise<void> =>
    void (await asPartOfStore(objects.put(key, Buffer.from(text))));

  return {
    keepFailed: (entry) => put(failedKey(entry.identity), encodeEntry(entry)),

    async getFailed(identity) {
      const key = failedKey(identity);
      const found = await asPartOfStore(objects.get(key));
      if (found === undefined) throw new EntryObjectMissingError(key);
      return decodeEntry(Buffer.from(found.bytes).toString());
    },

    async keepUnreadable(text) {
      const key = `payloads/unreadable/${hash('sha256', text, 'hex')}`;
      await put(key, text);
      return key;
    },
  };
}

function failedKey(identity: Identity): string {
  const { pk, sk } = identityKey(identity);
  return `payloads/failed/${encodeURIComponent(pk)}/${encodeURIComponent(sk)}.json`;
}
