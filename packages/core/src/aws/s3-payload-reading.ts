/** Streaming a payload out of S3. */

import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { PayloadRef } from '../domain/payload.ts';
import { StoreUnavailableError } from '../errors.ts';
import { type OpenPayload, PayloadMissingError } from '../ports/payload-store.ts';
import { calling } from './aws-errors.ts';
import { answerOf, callOf, type S3Place, told } from './s3-errors.ts';
import { lookForContent } from './s3-reading.ts';

/**
 * Opens the object under its ETag. One that was copied meanwhile, as a renewal does, can have another ETag (with keys of
 * KMS) and be the same content: then its hash says so.
 *
 * @throws PayloadMissingError
 */
export async function openS3Payload(client: S3Client, place: S3Place, ref: PayloadRef): Promise<OpenPayload> {
  const output = (await get(client, place, ref, ref.etag)) ?? (await getSame(client, place, ref));
  if (output === undefined) throw new PayloadMissingError(ref, 'has changed since its message was accepted');
  const body = told(output.Body) as AsyncIterable<Uint8Array> & { destroy(): unknown };
  const close = (): Promise<void> => {
    body.destroy();
    return Promise.resolve();
  };
  if (output.ContentLength !== ref.size) {
    await close();
    throw new PayloadMissingError(ref, `has ${output.ContentLength} bytes in place of ${ref.size}`);
  }
  return { chunks: readChunks(body, callOf('s3:GetObject', place)), close };
}

/** Undefined when the object has another ETag. */
async function get(
  client: S3Client,
  place: S3Place,
  ref: PayloadRef,
  etag: string,
): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await calling(callOf('s3:GetObject', place), () =>
      client.send(new GetObjectCommand({ ...place, IfMatch: etag })),
    );
  } catch (error) {
    const { status, code } = answerOf(error);
    if (status === 412) return undefined;
    if (code === 'NoSuchKey') throw new PayloadMissingError(ref, 'is gone', { cause: error });
    throw error;
  }
}

async function getSame(client: S3Client, place: S3Place, ref: PayloadRef): Promise<GetObjectCommandOutput | undefined> {
  const head = await lookForContent(client, place, ref.sha256);
  return head && (await get(client, place, ref, told(head.ETag)));
}

async function* readChunks(
  body: AsyncIterable<Uint8Array>,
  { action, resource }: { readonly action: string; readonly resource: string },
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new StoreUnavailableError(`${action} on ${resource}: the answer broke off`, { cause: error });
  }
}
