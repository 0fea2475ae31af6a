import { type ClaimResult, StoreUnavailableError } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';

/** Later than any request of a test that begins at `START_TIME` may end. */
export const LEASE_UNTIL = START_TIME + 120_000;

/** A claim that has won the first attempt, if nothing else is said. */
export const won = (changes: Partial<Extract<ClaimResult, { kind: 'won' }>> = {}): ClaimResult => ({
  kind: 'won',
  attempt: 1,
  leaseUntil: LEASE_UNTIL,
  takeover: false,
  ...changes,
});

export const unavailable = (): StoreUnavailableError => new StoreUnavailableError('the disk is full');
