/** Uploads a file that is too large for a request. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import type { ApiClient } from '../client.ts';
import { isRetryable, UnreachableError } from '../client-errors.ts';
import type { Effects } from '../effects.ts';
import { errorText } from '../error-text.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { openRetryWindow } from '../retry-window.ts';
import { createProgress, renderBar } from '../term/progress.ts';
import { putUpload } from './put-upload.ts';
import type { LargeFile } from './read-data.ts';

export interface UploadOptions {
  readonly senderId: string;
  readonly retryForMs: number;
  /** Tries again also when no connection can be made at all. */
  readonly isPatient: boolean;
}

/**
 * Uploads a file, with a new URL for every try; repeating it is safe.
 *
 * @returns its payloadId
 * @throws ApiError; UnreachableError; AccessError; ExitError when the file cannot be read
 */
export async function uploadFile(
  io: Io,
  effects: Effects,
  client: Pick<ApiClient, 'beginUpload'>,
  { path, size }: LargeFile,
  { senderId, retryForMs, isPatient }: UploadOptions,
): Promise<string> {
  const progress = createProgress(io.stderr, io.now);
  const show = (what: string) => (done: number) => progress.show(() => `${what} ${renderBar(done / size)}  ${path}`);
  const window = openRetryWindow(retryForMs, { now: io.now, random: effects.random });
  try {
    const payload = { senderId, size, sha256: await hashFile(path, size, show('reading')) };
    for (;;) {
      try {
        const ticket = await client.beginUpload(payload);
        await putUpload(ticket, createReadStream(path).compose(counting(show('uploading'))), io.signal);
        return ticket.payloadId;
      } catch (error) {
        const isAway = error instanceof UnreachableError && !error.connected;
        const mayRetry = isRetryable(error) && (isPatient || !isAway) && !io.signal.aborted;
        const delay = mayRetry ? window.nextDelay(error.retryAfterMs) : undefined;
        if (delay === undefined) throw error;
        await effects.sleep(delay, io.signal);
        io.signal.throwIfAborted();
      }
    }
  } finally {
    progress.end();
  }
}

async function hashFile(path: string, size: number, onProgress: (done: number) => void): Promise<string> {
  const sum = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      sum.update(chunk);
      length += chunk.length;
      onProgress(length);
    }
  } catch (error) {
    throw new ExitError(EXIT.usage, `cannot read --data from ${path}: ${errorText(error)}`, { cause: error });
  }
  if (length !== size) throw new ExitError(EXIT.failed, `${path} changes while it is read`);
  return sum.digest('hex');
}

function counting(onProgress: (done: number) => void): Transform {
  let done = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      done += chunk.length;
      onProgress(done);
      callback(null, chunk);
    },
  });
}
