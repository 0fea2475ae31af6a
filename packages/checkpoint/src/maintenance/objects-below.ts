import type { CheckpointObjects } from '../run/checkpoint-deps.ts';

/** The objects below a prefix, as if there were no others. */
export function objectsBelow(objects: CheckpointObjects, prefix: string): CheckpointObjects {
  const within = <T extends { readonly key: string }>(info: T): T => ({ ...info, key: info.key.slice(prefix.length) });
  return {
    async get(key, options) {
      const stored = await objects.get(prefix + key, options);
      return stored && within(stored);
    },
    async head(key) {
      const info = await objects.head(prefix + key);
      return info && within(info);
    },
    put: (key, bytes, options) => objects.put(prefix + key, bytes, options),
    delete: (key) => objects.delete(prefix + key),
    async list({ prefix: below = '', startAfter = '', limit }) {
      const query = {
        prefix: prefix + below,
        limit,
        ...(startAfter === '' ? {} : { startAfter: prefix + startAfter }),
      };
      const page = await objects.list(query);
      return { ...page, objects: page.objects.map(within) };
    },
    splice: (key, change) => objects.splice(prefix + key, change),
    putChunks: (key, chunks, options) => objects.putChunks(prefix + key, chunks, options),
  };
}
