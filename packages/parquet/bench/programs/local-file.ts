/** A file on this machine, as the library reads it, and as a splice changes it. */

import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import type { ByteSource } from '../../src/index.ts';

export interface CountingSource extends ByteSource {
  /** How often it was read so far: on S3 each is a request. */
  readonly reads: number;
  readonly bytesRead: number;
  close(): void;
}

export function openFile(path: string): CountingSource {
  const file = openSync(path, 'r');
  const counts = { reads: 0, bytesRead: 0 };
  return {
    size: statSync(path).size,
    read(start, end) {
      const bytes = Buffer.allocUnsafe(end - start);
      readSync(file, bytes, 0, bytes.length, start);
      counts.reads += 1;
      counts.bytesRead += bytes.length;
      return Promise.resolve(bytes);
    },
    close: () => closeSync(file),
    get reads() {
      return counts.reads;
    },
    get bytesRead() {
      return counts.bytesRead;
    },
  };
}

export interface Splice {
  readonly keep: number;
  readonly tail: Uint8Array;
}

/** Makes a file of the first bytes of another and what comes after them. */
export function spliceInto(out: string, base: string, { keep, tail }: Splice): void {
  copyFileSync(base, out);
  splice(out, { keep, tail });
}

/** Changes a file in place. */
export function splice(path: string, { keep, tail }: Splice): void {
  truncateSync(path, keep);
  writeFileSync(path, tail, { flag: 'a' });
}
