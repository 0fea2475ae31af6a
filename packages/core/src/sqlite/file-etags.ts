/** ETags of files: the hash of their bytes, so that a folder that was copied or restored has the same ones. */

import { createHash, hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { rememberLatest } from '../bounded-map.ts';

/** About 250 bytes each. Behind that, bytes are read again to tell an ETag. */
const REMEMBERED_FILES = 50_000;
const CHUNK_BYTES = 256 * 1_024;

interface Known {
  readonly ino: number;
  readonly size: number;
  readonly ctimeMs: number;
  readonly etag: string;
}

export interface FileEtags {
  /** The ETag of a file; looks at its bytes when it is not remembered. */
  of(file: string, stats: Stats, bytes: Uint8Array | FileHandle): Promise<string>;
  remember(file: string, stats: Stats, etag: string): void;
  forget(file: string): void;
}

export function etagOfBytes(bytes: Uint8Array): string {
  return etagOfHash(hash('sha256', bytes));
}

/** @param hex SHA-256 of the bytes */
export function etagOfHash(hex: string): string {
  return `"${hex}"`;
}

export function createFileEtags(limit = REMEMBERED_FILES): FileEtags {
  const files = new Map<string, Known>();

  const remember = (file: string, { ino, size, ctimeMs }: Stats, etag: string): void => {
    rememberLatest(files, file, { ino, size, ctimeMs, etag }, limit);
  };

  const known = (file: string, stats: Stats): string | undefined => {
    const entry = files.get(file);
    const isSame = entry?.ino === stats.ino && entry.size === stats.size && entry.ctimeMs === stats.ctimeMs;
    return isSame ? entry.etag : undefined;
  };

  return {
    remember,
    forget: (file) => {
      files.delete(file);
    },
    async of(file, stats, bytes) {
      const etag = known(file, stats) ?? (await etagOf(bytes));
      remember(file, stats, etag);
      return etag;
    },
  };
}

async function etagOf(bytes: Uint8Array | FileHandle): Promise<string> {
  return bytes instanceof Uint8Array ? etagOfBytes(bytes) : await hashFile(bytes);
}

async function hashFile(handle: FileHandle): Promise<string> {
  const sum = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return etagOfHash(sum.digest('hex'));
    sum.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
}
