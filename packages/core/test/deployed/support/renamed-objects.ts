import type { ObjectInfo, ObjectStore, ObjectWriter } from '@millrace/core';
import fc from 'fast-check';

/** Keys under which objects are kept in the place of their own. */
export interface Names {
  toName(key: string): string;
  toKey(name: string): string;
}

const MAX_NAME_LENGTH = 1_024;

/**
 * LocalStack 4.14 sorts and compares keys as their URL encoding, in which `%` stands before `/`. These names sort as
 * the bytes of their keys, and begin with the names of what their keys begin with. Keys
 * of more than 512 bytes have none: a run of a property that needs one is done with others.
 */
export const HEX: Names = {
  toName(key) {
    const name = Buffer.from(key).toString('hex');
    fc.pre(name.length <= MAX_NAME_LENGTH);
    return name;
  },
  toKey: (name) => Buffer.from(name, 'hex').toString(),
};

/** LocalStack 4.14 takes a key of only slashes for no key: the request is one to the bucket. */
export const NO_SLASHES_ALONE: Names = {
  toName: (key) => (/^\/+$/.test(key) ? `slashes ${key.length}` : key),
  toKey(name) {
    const [, count] = /^slashes (\d+)$/.exec(name) ?? [];
    return count === undefined ? name : '/'.repeat(Number(count));
  },
};

/** The same store under other names. */
export function renamed(store: ObjectStore, { toName, toKey }: Names): ObjectStore {
  const withKey = <T extends ObjectInfo>(info: T): T => ({ ...info, key: toKey(info.key) });
  const orMissing = <T extends ObjectInfo>(info: T | undefined): T | undefined => info && withKey(info);
  return {
    get: async (key, options) => orMissing(await store.get(toName(key), options)),
    head: async (key) => orMissing(await store.head(toName(key))),
    put: (key, bytes, options) => store.put(toName(key), bytes, options),
    delete: (key) => store.delete(toName(key)),
    async list({ prefix = '', startAfter = '', ...query }) {
      const { objects, more } = await store.list({ ...query, prefix: toName(prefix), startAfter: toName(startAfter) });
      return { objects: objects.map(withKey), more };
    },
  };
}

/** The same writer under other names. */
export function renamedWriter(writer: ObjectWriter, { toName }: Names): ObjectWriter {
  return {
    splice: (key, change) => writer.splice(toName(key), change),
    putChunks: (key, chunks, options) => writer.putChunks(toName(key), chunks, options),
  };
}
