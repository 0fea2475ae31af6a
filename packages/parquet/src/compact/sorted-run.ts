/** A sorted table that is read from its beginning to its end, some rows at a time. */

import type { Table } from '../table.ts';
import type { Slice } from '../take-rows.ts';

export interface SortedRun {
  readonly table: Table;
  /** What its rows are ordered by. */
  readonly keys: Float64Array;
  /** Of rows with one key, those of the lower run come first. */
  readonly order: number;
  /** The next row. */
  position: number;
}

/** The key of the next row; Infinity when there is none. */
export function headOf({ keys, position }: SortedRun): number {
  return keys[position] ?? Number.POSITIVE_INFINITY;
}

/** The run whose next row comes before those of all others; undefined when there are no rows left. */
export function firstRun(runs: readonly SortedRun[]): SortedRun | undefined {
  let first: SortedRun | undefined;
  for (const run of runs) {
    if (run.position === run.keys.length) continue;
    if (first === undefined || comesBefore(run, first)) first = run;
  }
  return first;
}

/** Whether the next row of `a` comes before that of `b`. */
function comesBefore(a: SortedRun, b: SortedRun): boolean {
  const [headA, headB] = [headOf(a), headOf(b)];
  return headA < headB || (headA === headB && a.order < b.order);
}

/**
 * Takes as many rows of the first run as come before the rows of all other runs: at most `room`, and only keys below
 * `limit`.
 */
export function takeFirst(run: SortedRun, runs: readonly SortedRun[], limit: number, room: number): Slice {
  let bound = limit;
  let isIncluded = false;
  for (const other of runs) {
    const head = headOf(other);
    if (other === run || head > bound || head >= limit) continue;
    const isLater = run.order < other.order;
    isIncluded = head < bound ? isLater : isIncluded && isLater;
    bound = head;
  }
  const start = run.position;
  run.position = endOf(run.keys, start, Math.min(run.keys.length, start + room), bound, isIncluded);
  return { table: run.table, start, end: run.position };
}

/** The first place from `start` on whose key is not before the bound; the steps grow, as runs are mostly long or short. */
function endOf(keys: Float64Array, start: number, stop: number, bound: number, isIncluded: boolean): number {
  const isBefore = (place: number): boolean => {
    const key = keys[place] ?? Number.POSITIVE_INFINITY;
    return key < bound || (isIncluded && key === bound);
  };
  let low = start;
  let step = 1;
  while (low + step <= stop && isBefore(low + step - 1)) {
    low += step;
    step *= 2;
  }
  let high = Math.min(stop, low + step);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
