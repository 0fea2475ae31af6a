/** What is right for a client to be told, and for a worker to request. */

import type { DeliveryRequest } from '@millrace/core';
import type { Broken } from './invariants.ts';
import type { Claim, Known, Running } from './known.ts';
import { isOtherContent } from './messages.ts';
import type { Process } from './process.ts';

export type Told = 'accepted' | 'duplicate' | 'conflict';

/** @param isOther which content the client has posted */
export function checkAnswer({ name, row, isOther: known, wasFirst }: Known, isOther: boolean, told: Told): Broken {
  if (row === undefined) return ['kept', `${name} was told to be ${told}, and has no row`];
  const isRefused = told === 'conflict';
  const isSame = known === isOther;
  if (known !== undefined && isSame === isRefused) {
    return ['conflict', `${name} was told to be ${told}, its content is ${isSame ? 'the same' : 'another'}`];
  }
  return told === 'accepted' && wasFirst ? ['acceptedOnce', `${name} was told to be accepted twice`] : undefined;
}

/** The claim of a request that is about to begin: each is good for one. */
export function takeClaim({ claims }: Known, process: Process): Claim | undefined {
  const claim = claims.findLast((one) => one.process === process && !one.isUsed);
  if (claim !== undefined) claim.isUsed = true;
  return claim;
}

/** @param number of the request within its plan, from 1 */
export function checkRequest(
  { name, isOther: known, running }: Known,
  { process, row }: Claim,
  request: DeliveryRequest,
  number: number,
): Broken {
  if (number > row.maxAttempts || row.attempts > row.maxAttempts) {
    return ['plan', `request ${number} of ${name}, attempt ${row.attempts} of ${row.maxAttempts}`];
  }
  if (process.clock.now() >= row.expiresAt) return ['expired', `${process.name} requests ${name}`];
  const isOther = isOtherContent(name, request);
  if (isOther === undefined || isOther !== (known ?? isOther)) return ['content', `another body of ${name} is sent`];
  const other = [...running].find((one) => one.process.isAlive() && isUnderLease(one, process));
  return other && ['oneAttempt', `${process.name} requests ${name} while ${other.process.name} does`];
}

/** Clocks that differ by more than leases outlive their requests by are the one thing that may break a lease. */
function isUnderLease(running: Running, process: Process): boolean {
  const difference = process.skews().most - running.process.skews().least;
  return difference <= Math.max(0, running.slack);
}
