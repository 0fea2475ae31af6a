/**
 * Writes that know whether they took effect, also when their answer is lost.
 *
 * Every such write carries a token in its object's metadata. When an answer can be that to a repeated request, the object
 * is looked at: the own token there means that an earlier request took effect.
 */

import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { PreconditionFailedError, type PutCondition } from '../ports/object-store.ts';
import { answerOf, callOf, type S3Answer, type S3Place, told, toObjectStoreError } from './s3-errors.ts';

export interface WriteOnceDeps {
  readonly client: S3Client;
  /** Another text on every call. */
  readonly newToken: () => string;
  /** Waits so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
}

export interface WriteTarget {
  readonly place: S3Place;
  /** Of the store: for errors. */
  readonly key: string;
  readonly condition: PutCondition | undefined;
}

export interface OneWrite extends WriteTarget {
  /** In the object's metadata, as `tokenMetadata` puts it there. */
  readonly token: string;
  /** Makes the request under the condition. */
  send(): Promise<{ readonly ETag?: string | undefined }>;
}

const TOKEN = 'millrace-write';
/** Of a write that meets concurrent ones. */
const TRIES = 5;
const FIRST_WAIT_MS = 50;

export function tokenMetadata(token: string): Readonly<Record<string, string>> {
  return { [TOKEN]: token };
}

/** A condition as requests say it. */
export function conditionHeaders(condition: PutCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return condition.kind === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag };
}

/**
 * @returns the ETag of what was written
 * @throws PreconditionFailedError
 */
export async function writeOnce({ client, wait }: Omit<WriteOnceDeps, 'newToken'>, write: OneWrite): Promise<string> {
  const { key, condition } = write;
  const call = callOf('s3:PutObject', write.place);
  let mayHaveWritten = false;
  for (let attempt = 1; ; attempt += 1) {
    const result = await trySend(write);
    if ('etag' in result) return result.etag;
    const { error, answer } = result;
    const isLost = condition !== undefined && isRefusal(answer, condition);
    mayHaveWritten ||= answer.attempts !== 1 || isUncertain(answer);
    const own = mayHaveWritten ? await ownWrite(client, write, isLost) : undefined;
    if (own !== undefined) return own;
    if (isLost) throw new PreconditionFailedError(key, condition, { cause: error });
    if (answer.status !== 409 || attempt === TRIES) throw toObjectStoreError(error, call);
    // The condition is looked at again by the next try.
    await wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
  }
}

/** S3 says 404 where an object must have an ETag and there is none. */
function isRefusal({ status, code }: S3Answer, condition: PutCondition): boolean {
  return status === 412 || (condition.kind === 'unchanged' && code === 'NoSuchKey');
}

function isUncertain({ status }: S3Answer): boolean {
  return status === 0 || status >= 500;
}

type Tried = { readonly etag: string } | { readonly error: unknown; readonly answer: S3Answer };

async function trySend(write: OneWrite): Promise<Tried> {
  try {
    const { ETag } = await write.send();
    return { etag: told(ETag) };
  } catch (error) {
    return { error, answer: answerOf(error) };
  }
}

/**
 * The ETag of the object when this write made it.
 *
 * @param mustKnow fails when nobody can say; else the write is taken for failed, as the answer to it said
 */
async function ownWrite(client: S3Client, { place, token }: OneWrite, mustKnow: boolean): Promise<string | undefined> {
  try {
    const { ETag, Metadata } = await client.send(new HeadObjectCommand(place));
    return Metadata?.[TOKEN] === token ? ETag : undefined;
  } catch (error) {
    if (!mustKnow || answerOf(error).status === 404) return undefined;
    throw toObjectStoreError(error, callOf('s3:GetObject', place));
  }
}
