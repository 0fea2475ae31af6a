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

/** Of this version alone: no key and no ETag holds a NUL. */
export function versionName({ key, etag }: Pick<ObjectVersion, 'key' | 'etag'>): string {
  return `${key}\0${etag}`;
}

export function versionHash(version: Pick<ObjectVersion, 'key' | 'etag'>): Uint8Array {
  return hash('sha256', versionName(version), 'buffer').subarray(0, HASH_BYTES);
}
