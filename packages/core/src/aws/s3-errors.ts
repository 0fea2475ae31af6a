import { StoreUnavailableError } from '../errors.ts';
import { ObjectStoreUnavailableError } from '../ports/object-store.ts';
import { type AwsCall, toAwsError } from './aws-errors.ts';

/** What is known of a request that failed. */
export interface S3Answer {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  /** Requests that the client sent for it. When it sent several, an earlier one may have taken effect. */
  readonly attempts: number | undefined;
}

interface SdkError {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

export function answerOf(error: unknown): S3Answer {
  const { name = '', $metadata } = error as SdkError;
  return { status: $metadata?.httpStatusCode ?? 0, code: name, attempts: $metadata?.attempts };
}

/** The error of a failed request in words of the port. */
export function toObjectStoreError(error: unknown, call: AwsCall): unknown {
  const meant = toAwsError(error, call);
  if (meant instanceof StoreUnavailableError) return new ObjectStoreUnavailableError(meant.message, { cause: error });
  const { status, code } = answerOf(error);
  // S3 says so of writes that meet another one, and of uploads that somebody else has ended.
  const isCrossed = status === 409 || code === 'NoSuchUpload';
  if (meant !== error || !isCrossed) return meant;
  return new ObjectStoreUnavailableError(`${call.action} on ${call.resource}: ${code}`, { cause: error });
}

/** The place of an object in a bucket. */
export interface S3Place {
  readonly Bucket: string;
  readonly Key: string;
}

export function callOf(action: string, { Bucket, Key }: S3Place): AwsCall {
  return { action, resource: `${Bucket}/${Key}` };
}

/** Makes requests, and says what the failure of one means. */
export async function callingS3<T>(call: AwsCall, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toObjectStoreError(error, call);
  }
}

/** What S3 never leaves out of an answer. */
export function told<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('S3 left out a part of its answer');
  return value;
}

/** An answer whose bytes did not come through. */
export function brokenOff(error: unknown, { action, resource }: AwsCall): ObjectStoreUnavailableError {
  return new ObjectStoreUnavailableError(`${action} on ${resource}: the answer broke off`, { cause: error });
}
