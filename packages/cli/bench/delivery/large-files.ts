/** Files with large bodies, each another one. */

import { createHash, randomBytes } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { rawBodyWriter } from '../../src/load/request-bodies.ts';

export interface LargeFile {
  readonly file: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

const CHUNK_BYTES = 1_024 * 1_024;
/** It begins as every body does, with its number; the rest of a chunk is noise. */
const HEAD_BYTES = 100;

/** @param number by which the receiver knows the body */
export async function writeLargeFile(file: string, bytes: number, number: number): Promise<LargeFile> {
  const hash = createHash('sha256');
  const chunk = randomBytes(Math.min(bytes, CHUNK_BYTES));
  rawBodyWriter(HEAD_BYTES)(number, 1).copy(chunk);
  const handle = await open(file, 'wx');
  try {
    for (let left = bytes; left > 0; left -= chunk.length) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      hash.update(part);
      await handle.write(part);
    }
  } finally {
    await handle.close();
  }
  return { file, bytes, sha256: hash.digest('hex') };
}

/** Bytes that each of so many files may have, if all of them and a copy of each are to take half of the free disk. */
export function roomForFiles(folder: string, files: number): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize) / 2 / (2 * files));
}
