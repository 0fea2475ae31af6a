/** Which changes of a row are right, and who may make them. */

import type { Status } from '@millrace/core';
import type { Broken } from './invariants.ts';
import type { Claim, Known } from './known.ts';
import type { Process } from './process.ts';
import { describeRow, type Row } from './row.ts';

/** What a status may become; PROCESSING again: another worker took over. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  QUEUED: ['PROCESSING', 'SUCCESS', 'FAILED'],
  PROCESSING: ['PROCESSING', 'RETRYING', 'SUCCESS', 'FAILED'],
  RETRYING: ['PROCESSING', 'SUCCESS', 'FAILED'],
  SUCCESS: [],
  FAILED: ['QUEUED'],
};

export function isClaim(before: Row | undefined, row: Row): boolean {
  return row.status === 'PROCESSING' && row.token !== before?.token;
}

/**
 * @param known of the message before the write
 * @param wasHeld a gate has said that it ends without a request
 */
export function checkWrite(process: Process, known: Known, row: Row, wasHeld: boolean): Broken {
  const { row: before, claims, answers } = known;
  if (before === undefined) {
    const isNew = row.status === 'QUEUED' || (row.status === 'FAILED' && row.reason === 'orphan');
    return isNew ? undefined : ['diagram', `${row.name} begins as ${row.status}`];
  }
  const change = `${process.name} makes of ${row.name}: ${describeRow(before)} → ${describeRow(row)}`;
  const claim = claims.find(({ row: { token } }) => token === before.token);
  return (
    checkChange(before, row, change) ??
    (isClaim(before, row) ? checkClaim(process, before, row, change) : undefined) ??
    (before.status === 'PROCESSING' ? checkSettle(process, before, row, claim, change) : undefined) ??
    (row.reason === 'held' ? checkHeld(before, row, wasHeld && claim?.isUsed === false, change) : undefined) ??
    checkEnd(row, answers, change)
  );
}

function checkChange(before: Row, row: Row, change: string): Broken {
  if (before.contentHash !== row.contentHash) return ['conflict', `${change}, with another content`];
  if (before.status === 'SUCCESS') return ['delivered', change];
  if (before.status !== row.status && !NEXT[before.status].includes(row.status)) return ['diagram', change];
  if (row.round < before.round) return ['rounds', change];
  if (before.status === 'FAILED' && row.status === 'QUEUED') {
    const isFresh = row.attempts === 0 && row.replays === before.replays + 1;
    if (!isFresh) return ['plan', `${change}: a replay begins a plan anew`];
    return row.round >= before.round + 2 ? undefined : ['rounds', change];
  }
  // A replay whose entry could not be sent is taken back.
  const isTakenBack = before.status === 'QUEUED' && row.status === 'FAILED' && row.replays === before.replays - 1;
  if (row.replays !== before.replays && !isTakenBack) return ['diagram', change];
  const isEnd = row.status === 'SUCCESS' || row.status === 'FAILED';
  return row.attempts > row.maxAttempts + (isEnd ? 0 : 1) ? ['plan', change] : undefined;
}

function checkClaim(process: Process, before: Row, row: Row, change: string): Broken {
  const isUnderLease = before.status === 'PROCESSING';
  if ((before.due ?? 0) > process.latestTime()) return [isUnderLease ? 'oneAttempt' : 'early', change];
  const isCounted = row.attempts === Math.min(before.attempts, row.maxAttempts) + 1;
  if (!isCounted) return ['counted', change];
  const isRound = row.round === before.round || (isUnderLease && row.round === before.round + 1);
  return isRound ? undefined : ['rounds', change];
}

/** @param claim under which the row was PROCESSING before */
function checkSettle(process: Process, before: Row, row: Row, claim: Claim | undefined, change: string): Broken {
  // Taken over; or the leases of a machine end with its process: the same row, due now.
  if (row.status === 'PROCESSING') return undefined;
  if (row.reason === 'redriven') {
    const isLive = (before.due ?? 0) > process.latestTime();
    return isLive ? ['owner', `${change}, under a live lease`] : undefined;
  }
  const isOwner = claim?.process === process;
  return isOwner || row.status === 'SUCCESS' ? undefined : ['owner', change];
}

/** @param isTrue it was held, and no request was made of its claim */
function checkHeld(before: Row, row: Row, isTrue: boolean, change: string): Broken {
  if (row.attempts !== before.attempts - 1) return ['counted', `${change}: a claim without a request is no attempt`];
  return isTrue ? undefined : ['reason', change];
}

function checkEnd(
  { status, reason, attempts, maxAttempts }: Row,
  answers: ReadonlySet<number>,
  change: string,
): Broken {
  const anyFrom = (least: number, most: number): boolean =>
    [...answers].some((answer) => answer >= least && answer <= most);
  if (status === 'SUCCESS') return anyFrom(200, 299) ? undefined : ['truth', change];
  if (status !== 'FAILED') return undefined;
  const isTrue =
    (reason !== 'gone' || answers.has(410)) &&
    (reason !== 'rejected' || anyFrom(300, 499)) &&
    (reason !== 'exhausted' || attempts === maxAttempts);
  return isTrue ? undefined : ['reason', change];
}
