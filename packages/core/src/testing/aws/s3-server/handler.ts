/** What an operation is given, and what several of them share. */

import { hash } from 'node:crypto';
import type { Bucket } from './bucket.ts';
import { type Payload, readPayload } from './payload.ts';
import type { S3Request } from './request.ts';
import { invalidArgument, S3Error } from './s3-error.ts';

export interface S3State {
  readonly buckets: Map<string, Bucket>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Another text on every call. */
  readonly newId: () => string;
}

/** S3 knows when an object was made only to the second. */
export function wholeSecond(time: number): number {
  return Math.floor(time / 1_000) * 1_000;
}

/** @throws S3Error NoSuchBucket */
export function bucketOf(state: S3State, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket !== undefined) return bucket;
  throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { details: { BucketName: name } });
}

const MAX_KEY_BYTES = 1_024;

/** @throws S3Error KeyTooLongError */
export function assertKeyLength(key: string): void {
  const size = Buffer.byteLength(key);
  if (size <= MAX_KEY_BYTES) return;
  throw new S3Error(400, 'KeyTooLongError', 'Your key is too long', {
    details: { Size: String(size), MaxSizeAllowed: String(MAX_KEY_BYTES) },
  });
}

export function etagOf(bytes: Buffer): string {
  return `"${hash('md5', bytes)}"`;
}

const KEPT = new Set(['content-type', 'content-disposition', 'content-language', 'cache-control', 'expires']);

/** What a write says about its object, kept to be given out with it. */
export function keptHeaders({ headers }: S3Request): Readonly<Record<string, string>> {
  const kept = [...headers].filter(([name]) => KEPT.has(name) || name.startsWith('x-amz-meta-'));
  const encodings = (headers.get('content-encoding') ?? '').split(',').map((name) => name.trim());
  const encoding = encodings.filter((name) => name !== '' && name !== 'aws-chunked').join(', ');
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(kept),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  };
}

/** The sum that a request carried, as it goes out with the answer. */
export function checksumHeader({ checksum }: Pick<Payload, 'checksum'>): Readonly<Record<string, string>> {
  return checksum === undefined ? {} : { [`x-amz-checksum-${checksum.name}`]: checksum.value };
}

export function payloadText(request: S3Request): string {
  return readPayload(request).bytes.toString();
}

/** @throws S3Error InvalidArgument */
export function wholeNumber(request: S3Request, name: string, otherwise: number, most: number): number {
  const text = request.query.get(name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,10}$/.test(text))
    throw invalidArgument(name, text, `Provided ${name} not an integer or within integer range`);
  return Math.min(Number(text), most);
}
