import type { DeliveryState, Reason, Status } from '@millrace/core';

/** What a store says of a message, seen from outside of every process, in both worlds alike. */
export interface Row extends DeliveryState {
  /** Its `messageId`. */
  readonly name: string;
  readonly status: Status;
  readonly reason: Reason | null;
  readonly maxAttempts: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly contentHash: string;
}

export function describeRow({ status, round, attempts, due, reason }: Row): string {
  return [status, `round ${round}`, `attempts ${attempts}`, due === null ? '' : `due ${due}`, reason ?? '']
    .filter(Boolean)
    .join(', ');
}

export function isSameRow(a: Row, b: Row): boolean {
  const names = Object.keys(a) as (keyof Row)[];
  return names.every((name) => a[name] === b[name]);
}
