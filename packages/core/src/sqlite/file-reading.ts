import type { FileHandle } from 'node:fs/promises';
import type { PayloadRef } from '../domain/payload.ts';
import { StoreUnavailableError } from '../errors.ts';
import { passedThrough } from '../stream-memory.ts';

const CHUNK_BYTES = 64 * 1_024;

/** The bytes of a payload's file, as many as it had when it was opened. */
export async function* readFileChunks(handle: FileHandle, { key, size }: PayloadRef): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < size; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size - position));
    const { bytesRead } = await read(handle, key, chunk, position);
    if (bytesRead === 0) throw new StoreUnavailableError(`the payload ${key} was cut short while it was read`);
    position += bytesRead;
    passedThrough(bytesRead);
    yield chunk.subarray(0, bytesRead);
  }
}

async function read(handle: FileHandle, key: string, chunk: Buffer, position: number) {
  try {
    return await handle.read(chunk, 0, chunk.length, position);
  } catch (cause) {
    throw new StoreUnavailableError(`the payload ${key} could not be read to its end`, { cause });
  }
}
