/** The PUT of a large body to where the API said: the server itself, or S3. */

import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { UploadTicket } from '../api-shapes.ts';
import { ApiError, UnreachableError } from '../client-errors.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 60_000;

/** Of S3, which answers in XML. */
const S3_CODE = /<Code>(\w+)<\/Code>/;

/** @throws ApiError when it is refused; UnreachableError; the reason of the signal */
export async function putUpload(
  { uploadUrl, headers }: UploadTicket,
  body: Readable,
  signal: AbortSignal,
): Promise<void> {
  const { origin, pathname, search } = new URL(uploadUrl);
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  try {
    const answer = await agent.request({
      origin,
      path: pathname + search,
      method: 'PUT',
      headers: { ...headers },
      body,
      signal,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 200 && answer.statusCode <= 299) return;
    const [, code] = S3_CODE.exec(text) ?? [];
    throw new ApiError(answer.statusCode, code === undefined ? text : JSON.stringify({ detail: code }), 0);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError) throw error;
    throw new UnreachableError(origin, error);
  } finally {
    body.destroy();
    await agent.destroy();
  }
}
