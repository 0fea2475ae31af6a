import { hash } from 'node:crypto';
import { HASH_BYTES } from './hash-run.ts';

/** What a manifest remembers: bytes under a name. Other bytes under the name are another version. */
export interface ObjectVersion {
  /** Below the source's prefix. */
  readonly key: string;
  readonly etag: string;
  /** Epoch milliseconds that the name tells: the same for all versions of the key. */
  readonly time: number;
}

export function versionHash({ key, etag }: Pick<ObjectVersion, 'key' | 'etag'>): Uint8Array {
  // No key and no ETag holds a NUL.
  return hash('sha256', `${key}\0${etag}`, 'buffer').subarray(0, HASH_BYTES);
}
