/** Reading the file of an object. */

import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DataFolderError } from '../errors.ts';
import type { ByteRange, ObjectInfo, StoredObject } from '../ports/object-store.ts';
import { hasCode } from './file-errors.ts';
import type { FileEtags } from './file-etags.ts';

/** Undefined when there is no such file. */
export async function openToRead(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export function infoOf(key: string, stats: Stats, etag: string): ObjectInfo {
  return { key, size: stats.size, etag, modifiedAt: Math.round(stats.mtimeMs) };
}

/** An open file as an object. @param etags knows the ETags of files */
export async function readObjectFile(
  { key, file, range }: { readonly key: string; readonly file: string; readonly range: ByteRange },
  handle: FileHandle,
  etags: FileEtags,
): Promise<StoredObject> {
  const stats = await handle.stat();
  const bytes = await readBytes(handle, stats.size, range);
  const etag = await etags.of(file, stats, bytes.length === stats.size ? bytes : handle);
  return { ...infoOf(key, stats, etag), bytes };
}

async function readBytes(handle: FileHandle, size: number, range: ByteRange): Promise<Uint8Array> {
  const start = Math.min(range.start, size);
  const bytes = Buffer.alloc(Math.min(range.end ?? size, size) - start);
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw new DataFolderError('a file of the folder was cut short by another program');
    done += bytesRead;
  }
  return bytes;
}
