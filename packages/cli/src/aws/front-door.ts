/** What it means that the front door of AWS refused a request, which the API never saw. */

import type { RefusedAnswer } from '../access.ts';
import { frontDoorMessage } from '../api-shapes.ts';
import { AccessError } from '../client-errors.ts';
import { permissionsOf, type SigningScope } from './api-host.ts';
import { SIGN_IN } from './aws-problems.ts';

export interface FrontDoor {
  readonly url: string;
  readonly scope: SigningScope;
  /** Epoch milliseconds: the time that signatures carry. */
  readonly now: number;
}

/** AWS takes signatures that are this old, and as far in the future. */
const TOLERANCE_MS = 5 * 60_000;

/** Undefined when it was not the front door, or not for who asks. */
export function explainRefusal({ status, text, date }: RefusedAnswer, door: FrontDoor): AccessError | undefined {
  const message = frontDoorMessage(text);
  if (message === undefined || (status !== 401 && status !== 403)) return undefined;
  const skewMs = door.now - Date.parse(date);
  if (Math.abs(skewMs) > TOLERANCE_MS) return new AccessError(describeSkew(skewMs));
  if (/token.*expired/i.test(message)) {
    return new AccessError(`the credentials of AWS have expired (${message}): ${SIGN_IN}`);
  }
  const { service, region } = door.scope;
  return new AccessError(
    `not allowed to call ${door.url} (${message}): it needs ${permissionsOf(service)} there, signed for ${service} in ${region}`,
  );
}

/** @param skewMs milliseconds that this machine is ahead */
function describeSkew(skewMs: number): string {
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  const where = skewMs > 0 ? 'ahead of' : 'behind';
  return `AWS refuses the signature: the clock of this machine is ${minutes} minutes ${where} that of AWS; set it`;
}
