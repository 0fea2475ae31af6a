/** Which changes of a row are right, and who may make them. */

import type { Status } from '@millrace/core';
import type { InvariantName } from './invariants.ts';
import type { Process } from './process.ts';
import { describeRow, type Row } from './row.ts';

/** A claim that was won: the row as it made it. */
export interface Claim {
  readonly process: Process;
  readonly row: Row;
  /** A request was made of it. */
  isUsed: boolean;
}

/** A promise that a change breaks; undefined: none. */
export type Broken = readonly [name: InvariantName, detail: string] | undefined;

/** What a status may become; PROCESSING again: another worker took over. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  QUEUED: ['PROCESSING', 'SUCCESS', 'FAILED'],
  PROCESSING: ['PROCESSING', 'RETRYING', 'SUCCESS', 'FAILED'],
  RETRYING: ['PROCESSING', 'SUCCESS', 'FAILED'],
  SUCCESS: [],
  FAILED: ['QUEUED'],
};

export function checkChange(before: Row | undefined, row: Row): Broken {
  if (before === undefined) {
    const isNew = row.status === 'QUEUED' || (row.status === 'FAILED' && row.reason === 'orphan');
    return isNew ? undefined : ['diagram', `${row.name} begins as ${row.status}`];
  }
  const change = `${row.name}: ${describeRow(before)} → ${describeRow(row)}`;
  if (before.contentHash !== row.contentHash) return ['conflict', `${row.name} has another content now`];
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
  if (row.attempts > row.maxAttempts + (isEnd ? 0 : 1)) return ['plan', change];
  return undefined;
}

export function checkClaim(process: Process, before: Row | undefined, row: Row): Broken {
  if (before === undefined) return ['diagram', `${row.name} begins as PROCESSING`];
  const change = `${process.name} claims ${row.name}: ${describeRow(before)} → ${describeRow(row)}`;
  if ((before.due ?? 0) > process.latestTime()) {
    return [before.status === 'PROCESSING' ? 'oneAttempt' : 'early', change];
  }
  const isCounted = row.attempts === Math.min(before.attempts, row.maxAttempts) + 1;
  if (!isCounted) return ['counted', change];
  const isRound = row.round === before.round || (before.status === 'PROCESSING' && row.round === before.round + 1);
  return isRound ? undefined : ['rounds', change];
}

/** @param claim under which the row was PROCESSING before */
export function checkSettle(process: Process, before: Row, row: Row, claim: Claim | undefined): Broken {
  const change = `${process.name} settles ${row.name}: ${describeRow(before)} → ${describeRow(row)}`;
  const isOwner = claim?.process === process;
  // The machine's leases end with its process: the same row, due now.
  if (row.status === 'PROCESSING') return undefined;
  if (row.reason === 'redriven') {
    const isLive = (before.due ?? 0) > process.latestTime();
    return isLive ? ['owner', `${change}, under a live lease`] : undefined;
  }
  return isOwner || row.status === 'SUCCESS' ? undefined : ['owner', change];
}
