/** Writes under a condition, so that one writer wins and knows it. */

import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { PutCondition } from '../ports/object-store.ts';
import { conditionHeaders, tokenMetadata, type WriteOnceDeps, type WriteTarget, writeOnce } from './s3-write-once.ts';

export interface ConditionalPut extends WriteTarget {
  readonly condition: PutCondition;
  readonly bytes: Uint8Array;
}

/** @returns the ETag of what was written */
export function putUnderCondition(deps: WriteOnceDeps, { bytes, ...target }: ConditionalPut): Promise<string> {
  const token = deps.newToken();
  const command = {
    ...target.place,
    Body: bytes,
    Metadata: tokenMetadata(token),
    ...conditionHeaders(target.condition),
  };
  return writeOnce(deps, { ...target, token, send: () => deps.client.send(new PutObjectCommand(command)) });
}
