import { orderKeys, type Table } from './table.ts';
import type { TableSchema } from './table-schema.ts';
import { takeRows } from './take-rows.ts';

/** The rows by the column that the schema orders by; rows of one time stay in their order. A sorted table comes back itself. */
export function sortTable(schema: TableSchema, table: Table): Table {
  const keys = orderKeys(schema, table);
  return isSorted(keys) ? table : takeRows(table, sortedOrder(keys));
}

function isSorted(keys: Float64Array): boolean {
  let last = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? last;
    if (key < last) return false;
    last = key;
  }
  return true;
}

/**
 * The places of the keys in the order of their values, stable.
 *
 * A natural merge sort: what is merged here is mostly a few sorted runs one after the other, and each pass halves their
 * number.
 */
function sortedOrder(keys: Float64Array): Int32Array {
  let from = Int32Array.from(keys.keys());
  let to = new Int32Array(keys.length);
  for (let ends = runEnds(keys); ends.length > 1; ) {
    const merged: number[] = [];
    for (let run = 0; run < ends.length; run += 2) {
      const start = ends[run - 1] ?? 0;
      const middle = ends[run] ?? keys.length;
      const end = ends[run + 1] ?? middle;
      mergeRuns(keys, from, to, start, middle, end);
      merged.push(end);
    }
    [from, to] = [to, from];
    ends = merged;
  }
  return from;
}

/** Where each ascending run of keys ends; the last one at the end of the keys. */
function runEnds(keys: Float64Array): number[] {
  const ends: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? last;
    if (key < last) ends.push(index);
    last = key;
  }
  ends.push(keys.length);
  return ends;
}

/** Merges `from[start, middle)` and `from[middle, end)`, places of keys in order, into `to[start, end)`. */
function mergeRuns(
  keys: Float64Array,
  from: Int32Array,
  to: Int32Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let target = start; target < end; target += 1) {
    const leftPlace = from[left] ?? 0;
    const rightPlace = from[right] ?? 0;
    const takesLeft = left < middle && (right >= end || (keys[leftPlace] ?? 0) <= (keys[rightPlace] ?? 0));
    if (takesLeft) {
      to[target] = leftPlace;
      left += 1;
    } else {
      to[target] = rightPlace;
      right += 1;
    }
  }
}
