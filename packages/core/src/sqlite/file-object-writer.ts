/** Content of files as it comes: from chunks, and from another file. */

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { DataFolderError, MillraceError } from '../errors.ts';
import { passedThrough } from '../stream-memory.ts';
import { etagOfHash } from './file-etags.ts';

const READ_BYTES = 1_024 * 1_024;

export interface HashedContent {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the chunks that have passed. */
  etag(): string;
}

export function hashed(chunks: AsyncIterable<Uint8Array>): HashedContent {
  const sum = createHash('sha256');
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      sum.update(chunk);
      passedThrough(chunk.length);
      yield chunk;
    }
  }
  return { chunks: pass(), etag: () => etagOfHash(sum.copy().digest('hex')) };
}

/** The first bytes of a file, and others behind them. A chunk is over when the next one is asked for. */
export async function* readFirst(handle: FileHandle, count: number, tail: Uint8Array): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(count, READ_BYTES));
  for (let position = 0; position < count; ) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, count - position), position);
    if (bytesRead === 0) throw new DataFolderError('a file of the folder was cut short by another program');
    yield chunk.subarray(0, bytesRead);
    position += bytesRead;
  }
  yield tail;
}

/** The source of chunks failed, and no file. */
class ChunksError extends MillraceError {
  constructor(cause: unknown) {
    super('chunks', 'the chunks ended with an error', { cause });
  }
}

/** Does something with chunks; an error of theirs comes out as it is, and is not taken for one of the disk. */
export async function orChunksError<T>(
  chunks: AsyncIterable<Uint8Array>,
  work: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  async function* told(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      throw new ChunksError(error);
    }
  }
  try {
    return await work(told());
  } catch (error) {
    throw error instanceof ChunksError ? error.cause : error;
  }
}
