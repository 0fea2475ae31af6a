/**
 * Writes under a condition, so that one writer wins and knows it, also when its answer is lost.
 *
 * Every such write carries a token in its metadata. When an answer can be that to a repeated request, the object is
 * looked at: the own token there means that an earlier request took effect.
 */

import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { PreconditionFailedError, type PutCondition } from '../ports/object-store.ts';
import { answerOf, callOf, type S3Answer, type S3Place, told, toObjectStoreError } from './s3-errors.ts';

export interface ConditionalPutDeps {
  readonly client: S3Client;
  readonly newToken: () => string;
  readonly wait: (ms: number) => Promise<unknown>;
}

export interface ConditionalPut {
  readonly place: S3Place;
  /** Of the store: for errors. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly condition: PutCondition;
}

/** User metadata of every conditional write. */
const TOKEN = 'millrace-write';
/** Of a write that meets concurrent ones. */
const TRIES = 5;
const FIRST_WAIT_MS = 50;

/** @returns the ETag of what was written */
export async function putUnderCondition(deps: ConditionalPutDeps, put: ConditionalPut): Promise<string> {
  const token = deps.newToken();
  const call = callOf('s3:PutObject', put.place);
  let mayHaveWritten = false;
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryPut(deps.client, put, token);
    if ('etag' in result) return result.etag;
    const { error, answer } = result;
    const isLost = isRefusal(answer, put.condition);
    mayHaveWritten ||= answer.attempts !== 1 || isUncertain(answer);
    const own = mayHaveWritten ? await ownWrite(deps.client, put, token, isLost) : undefined;
    if (own !== undefined) return own;
    if (isLost) throw new PreconditionFailedError(put.key, put.condition, { cause: error });
    if (answer.status !== 409 || attempt === TRIES) throw toObjectStoreError(error, call);
    // The condition is looked at again by the next try.
    await deps.wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
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

async function tryPut(client: S3Client, put: ConditionalPut, token: string): Promise<Tried> {
  const { place, bytes, condition } = put;
  try {
    const { ETag } = await client.send(
      new PutObjectCommand({
        ...place,
        Body: bytes,
        Metadata: { [TOKEN]: token },
        ...(condition.kind === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag }),
      }),
    );
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
async function ownWrite(
  client: S3Client,
  { place }: ConditionalPut,
  token: string,
  mustKnow: boolean,
): Promise<string | undefined> {
  try {
    const { ETag, Metadata } = await client.send(new HeadObjectCommand(place));
    return Metadata?.[TOKEN] === token ? ETag : undefined;
  } catch (error) {
    if (!mustKnow || answerOf(error).status === 404) return undefined;
    throw toObjectStoreError(error, callOf('s3:GetObject', place));
  }
}
