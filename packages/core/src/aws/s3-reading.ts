/** Reading objects of S3: whole, in part, and what is known of them. */

import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ByteRange, ObjectInfo, StoredObject } from '../ports/object-store.ts';
import { calling } from './aws-errors.ts';
import { answerOf, brokenOff, callOf, type S3Place, told } from './s3-errors.ts';

/** An ETag that no object has: an answer to it never carries a body. */
const NO_ETAG = '"none"';
/** How often an object may change between two requests about it, before nobody can say what it is. */
const LOOKS = 4;
/** An answer to HEAD has no room for the code that says which of its reasons a status has. */
const SAYS_NO_CODE = new Set([400, 403, 404]);

interface Told {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

function infoOf(key: string, size: number | undefined, { ETag, LastModified }: Told): ObjectInfo {
  return { key, size: told(size), etag: told(ETag), modifiedAt: told(LastModified).getTime() };
}

/** @param key of the store, for the answer */
export async function lookAtObject(client: S3Client, place: S3Place, key: string): Promise<ObjectInfo | undefined> {
  const output = await headOf(client, place);
  return output && infoOf(key, output.ContentLength, output);
}

/** What is known of an object, when its content has this hash; undefined when there is none of that content. */
export async function lookForContent(
  client: S3Client,
  place: S3Place,
  sha256: string,
): Promise<HeadObjectCommandOutput | undefined> {
  const head = await calling(callOf('s3:GetObject', place), () => headOf(client, place, { ChecksumMode: 'ENABLED' }));
  return head?.ChecksumSHA256 === toChecksum(sha256) ? head : undefined;
}

/** A hash as S3 writes it: base64. */
export function toChecksum(sha256: string): string {
  return Buffer.from(sha256, 'hex').toString('base64');
}

/**
 * All that is known of an object; undefined when there is none.
 * @param asked to be told beside what always is
 */
async function headOf(
  client: S3Client,
  place: S3Place,
  asked: { readonly ChecksumMode?: 'ENABLED' } = {},
): Promise<HeadObjectCommandOutput | undefined> {
  for (let look = 1; ; look += 1) {
    try {
      return await client.send(new HeadObjectCommand({ ...place, ...asked }));
    } catch (error) {
      if (!SAYS_NO_CODE.has(answerOf(error).status) || look === LOOKS) throw error;
    }
    if (await isMissing(client, place)) return undefined;
  }
}

/**
 * Is there no such object? A bucket that is not there, or may not be read, must not look like that.
 * @returns false when there is one, by now
 */
async function isMissing(client: S3Client, place: S3Place): Promise<boolean> {
  try {
    await client.send(new GetObjectCommand({ ...place, IfMatch: NO_ETAG }));
  } catch (error) {
    const { status, code } = answerOf(error);
    if (code === 'NoSuchKey') return true;
    if (status !== 412) throw error;
  }
  return false;
}

/** @param key of the store, for the answer */
export async function readObject(
  client: S3Client,
  place: S3Place,
  key: string,
  range: ByteRange | undefined,
): Promise<StoredObject | undefined> {
  for (let look = 1; ; look += 1) {
    try {
      const output = await client.send(new GetObjectCommand({ ...place, ...rangeHeader(range) }));
      return await receive(output, place, key);
    } catch (error) {
      const { status, code } = answerOf(error);
      if (code === 'NoSuchKey') return undefined;
      if (status !== 416 || look === LOOKS) throw error;
    }
    // Nothing of the object lies in the range; the refusal does not say what else is known of it.
    const info = await lookAtObject(client, place, key);
    if (info === undefined) return undefined;
    if (info.size <= (range?.start ?? 0)) return { ...info, bytes: new Uint8Array() };
  }
}

function rangeHeader(range: ByteRange | undefined): { readonly Range?: string } {
  if (range === undefined) return {};
  const { start, end } = range;
  return { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` };
}

async function receive(output: GetObjectCommandOutput, place: S3Place, key: string): Promise<StoredObject> {
  const size = sizeOfWhole(output.ContentRange) ?? output.ContentLength;
  const info = infoOf(key, size, output);
  try {
    return { ...info, bytes: await told(output.Body).transformToByteArray() };
  } catch (error) {
    throw brokenOff(error, callOf('s3:GetObject', place));
  }
}

/** @param contentRange `bytes 0-9/100` */
function sizeOfWhole(contentRange: string | undefined): number | undefined {
  const size = contentRange?.split('/').at(-1);
  return size === undefined ? undefined : Number(size);
}
