/** What a bucket holds, in memory. */

import type { ChecksumName } from './checksums.ts';
import { createKeyIndex, type KeyIndex } from './key-index.ts';
import type { Checksum } from './payload.ts';

export interface S3Object {
  readonly bytes: Buffer;
  /** With its quotes. */
  readonly etag: string;
  /** Epoch milliseconds, whole seconds. */
  readonly modifiedAt: number;
  /** Content type, user metadata and the like, as they go out again. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
}

export interface UploadedPart {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly checksum: Checksum | undefined;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiatedAt: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of every part: each must have one, and the completion must name it. */
  readonly checksum: ChecksumName | undefined;
  readonly parts: Map<number, UploadedPart>;
}

export interface Bucket {
  readonly name: string;
  readonly createdAt: number;
  get(key: string): S3Object | undefined;
  set(key: string, object: S3Object): void;
  delete(key: string): void;
  /** Of the keys as byte strings. */
  readonly keys: KeyIndex;
  /** By their ids. */
  readonly uploads: Map<string, Upload>;
}

export function createBucket(name: string, createdAt: number): Bucket {
  const objects = new Map<string, S3Object>();
  const keys = createKeyIndex();
  return {
    name,
    createdAt,
    keys,
    uploads: new Map(),
    get: (key) => objects.get(key),
    set(key, object) {
      if (!objects.has(key)) keys.add(toByteString(key));
      objects.set(key, object);
    },
    delete(key) {
      if (objects.delete(key)) keys.remove(toByteString(key));
    },
  };
}

/** One character for each byte of UTF-8: compares in byte order. */
export function toByteString(text: string): string {
  return Buffer.from(text).toString('latin1');
}

export function fromByteString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
