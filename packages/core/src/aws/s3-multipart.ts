/** Objects that are written in parts: nobody sees one before it is whole, and of one that fails nothing stays. */

import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { callingS3, callOf, type S3Place, told } from './s3-errors.ts';
import { conditionHeaders, tokenMetadata, type WriteOnceDeps, type WriteTarget, writeOnce } from './s3-write-once.ts';

/** Of every part but the last. */
export const MIN_PART_BYTES = 5 * 1_024 * 1_024;
/** The parts of an object: S3 takes 10,000. */
export const MOST_PARTS = 10_000;
/** Parts that are sent at the same time. */
const PARTS_AT_ONCE = 3;

/** Bytes that are sent, or a range of the object itself that is copied while it has this ETag. */
export type ObjectPart = Uint8Array | CopiedRange;

export interface CopiedRange {
  readonly etag: string;
  readonly start: number;
  /** The first byte that is not copied. */
  readonly end: number;
}

interface Upload {
  readonly place: S3Place;
  readonly id: string;
}

/**
 * Writes the parts as one object, some at a time and in memory together.
 *
 * A start whose answer is lost leaves an upload that nobody can know for his own: S3 lists uploads without what they
 * were begun with. The bucket's lifecycle rule for incomplete uploads removes it.
 *
 * @param parts all but the last of `MIN_PART_BYTES` at least; an error of theirs is thrown as it is
 * @returns the ETag of the object
 * @throws PreconditionFailedError
 */
export async function writeParts(
  deps: WriteOnceDeps,
  target: WriteTarget,
  parts: AsyncIterable<ObjectPart> | Iterable<ObjectPart>,
): Promise<string> {
  const token = deps.newToken();
  const upload = await begin(deps, target.place, token);
  try {
    const Parts = await sendAll(parts, (part, number) => sendPart(deps, upload, part, number));
    const command = { ...idOf(upload), MultipartUpload: { Parts }, ...conditionHeaders(target.condition) };
    const send = () => deps.client.send(new CompleteMultipartUploadCommand(command));
    return await writeOnce(deps, { ...target, token, send });
  } catch (error) {
    // Why it failed is what the caller must know; what an abort leaves, the bucket's lifecycle rule removes.
    await deps.client.send(new AbortMultipartUploadCommand(idOf(upload))).catch(() => undefined);
    throw error;
  }
}

async function begin({ client }: WriteOnceDeps, place: S3Place, token: string): Promise<Upload> {
  const command = { ...place, Metadata: tokenMetadata(token), ChecksumAlgorithm: 'CRC32' } as const;
  const { UploadId } = await callingS3(callOf('s3:PutObject', place), () =>
    client.send(new CreateMultipartUploadCommand(command)),
  );
  return { place, id: told(UploadId) };
}

function idOf({ place, id }: Upload): S3Place & { readonly UploadId: string } {
  return { ...place, UploadId: id };
}

async function sendPart(deps: WriteOnceDeps, upload: Upload, part: ObjectPart, number: number): Promise<CompletedPart> {
  const { ETag, ChecksumCRC32 } = await callingS3(callOf('s3:PutObject', upload.place), () =>
    part instanceof Uint8Array ? sendBytes(deps, upload, part, number) : copyRange(deps, upload, part, number),
  );
  return { PartNumber: number, ETag, ChecksumCRC32 };
}

function sendBytes({ client }: WriteOnceDeps, upload: Upload, bytes: Uint8Array, number: number) {
  const command = { ...idOf(upload), PartNumber: number, Body: bytes, ChecksumAlgorithm: 'CRC32' } as const;
  return client.send(new UploadPartCommand(command));
}

async function copyRange({ client }: WriteOnceDeps, upload: Upload, range: CopiedRange, number: number) {
  const { Bucket, Key } = upload.place;
  const command = {
    ...idOf(upload),
    PartNumber: number,
    CopySource: [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/'),
    CopySourceIfMatch: range.etag,
    CopySourceRange: `bytes=${range.start}-${range.end - 1}`,
  };
  const { CopyPartResult } = await client.send(new UploadPartCopyCommand(command));
  return told(CopyPartResult);
}

/** Some at a time, in their order. Comes back when none is under way, whatever happened. */
async function sendAll<T>(
  parts: AsyncIterable<T> | Iterable<T>,
  send: (part: T, number: number) => Promise<CompletedPart>,
): Promise<CompletedPart[]> {
  const sent: Promise<CompletedPart>[] = [];
  try {
    for await (const part of parts) {
      const sending = send(part, sent.length + 1);
      // Its error is thrown where it is waited for.
      sending.catch(() => undefined);
      sent.push(sending);
      await sent.at(-PARTS_AT_ONCE);
    }
    return await Promise.all(sent);
  } finally {
    await Promise.allSettled(sent);
  }
}
