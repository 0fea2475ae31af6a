import { createHash } from 'node:crypto';
import type { PayloadUpload } from '../domain/payload.ts';
import { UploadRefusedError } from '../ports/payload-store.ts';
import { passedThrough } from '../stream-memory.ts';

/**
 * Passes chunks on, and ends with an error unless they are what was announced.
 * @throws UploadRefusedError
 */
export async function* checked(
  { size, sha256 }: Pick<PayloadUpload, 'size' | 'sha256'>,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const sum = createHash('sha256');
  let length = 0;
  for await (const chunk of unbroken(chunks)) {
    length += chunk.length;
    if (length > size) throw new UploadRefusedError('too-large', `the upload has more than its ${size} bytes`);
    sum.update(chunk);
    passedThrough(chunk.length);
    yield chunk;
  }
  if (length < size) throw new UploadRefusedError('mismatch', `the upload has ${length} of its ${size} bytes`);
  const found = sum.digest('hex');
  if (found !== sha256) throw new UploadRefusedError('mismatch', `the upload has the SHA-256 ${found}, not ${sha256}`);
}

/** Errors of who sends are no errors of the disk. */
async function* unbroken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    throw new UploadRefusedError('mismatch', 'the upload broke off', { cause });
  }
}
