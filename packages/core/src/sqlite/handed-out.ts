/**
 * Which due messages a worker has been given and has not claimed yet. In memory only: a claim decides who may deliver,
 * this only keeps the same message from being offered again and again meanwhile.
 *
 * Changes count from `keep`; `discard` takes back those of a transaction that failed, whose answers nobody got.
 */

import type { Lane } from '../domain/lane.ts';

export interface HandedOut {
  readonly lane: Lane;
  /** When it fell or falls due, epoch milliseconds. */
  readonly due: number;
  /** Epoch milliseconds until which it is not offered. */
  readonly until: number;
}

export function createHandedOut() {
  const rows = new Map<number, HandedOut>();
  /** What stood there before the running transaction, for each row that it has changed. */
  const before = new Map<number, HandedOut | undefined>();
  const set = (id: number, row: HandedOut | undefined): void => {
    if (row === undefined) rows.delete(id);
    else rows.set(id, row);
  };
  const change = (id: number, row: HandedOut | undefined): void => {
    if (!before.has(id)) before.set(id, rows.get(id));
    set(id, row);
  };

  return {
    /** Epoch milliseconds until which the row is not offered; 0 when it may be. */
    heldUntil: (id: number): number => rows.get(id)?.until ?? 0,
    all: (): Iterable<HandedOut> => rows.values(),
    hold: (id: number, row: HandedOut): void => change(id, row),
    /** What was handed out; undefined when it was not. */
    release(id: number): HandedOut | undefined {
      const row = rows.get(id);
      if (row !== undefined) change(id, undefined);
      return row;
    },
    keep: (): void => before.clear(),
    discard(): void {
      for (const [id, row] of before) set(id, row);
      before.clear();
    },
  };
}
