/** Sorted sets of hashes, packed: 16 bytes each, ascending, none twice. A million of them is 16 MB, here and in a file. */

import { CorruptStateError } from '../errors.ts';

export const HASH_BYTES = 16;

/** Whole hashes, ascending, distinct. */
export type HashRun = Uint8Array & { readonly hashRun?: never };

export function sortHashes(hashes: readonly Uint8Array[]): HashRun {
  const sorted = hashes.toSorted((a, b) => Buffer.compare(a, b));
  const distinct = sorted.filter((hash, index) => index === 0 || Buffer.compare(hash, sorted[index - 1] ?? hash) !== 0);
  return Buffer.concat(distinct);
}

export function countOf(run: HashRun): number {
  return run.length / HASH_BYTES;
}

export function hasHash(run: HashRun, hash: Uint8Array): boolean {
  let low = 0;
  let high = countOf(run) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compareAt(run, middle, hash, 0);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** The union. */
export function mergeRuns(runs: readonly HashRun[]): HashRun {
  // Of the smallest first, so that large ones are gone through once.
  const left = runs.toSorted((a, b) => a.length - b.length);
  let merged: HashRun = left.shift() ?? new Uint8Array(0);
  for (const run of left) merged = mergeTwo(merged, run);
  return merged;
}

/**
 * Checks what was read.
 * @param name of the object, for the error
 * @throws CorruptStateError
 */
export function readHashRun(bytes: Uint8Array, name: string): HashRun {
  if (bytes.length % HASH_BYTES !== 0) throw new CorruptStateError(name, 'does not hold whole hashes');
  for (let index = 1; index < countOf(bytes); index++) {
    if (compareAt(bytes, index - 1, bytes, index) >= 0) throw new CorruptStateError(name, 'is not in order');
  }
  return bytes;
}

function mergeTwo(a: HashRun, b: HashRun): HashRun {
  const merged = new Uint8Array(a.length + b.length);
  const [countA, countB] = [countOf(a), countOf(b)];
  let [fromA, fromB, length] = [0, 0, 0];
  const take = (run: HashRun, index: number): void => {
    merged.set(run.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES), length);
    length += HASH_BYTES;
  };
  while (fromA < countA && fromB < countB) {
    const order = compareAt(a, fromA, b, fromB);
    if (order <= 0) take(a, fromA++);
    else take(b, fromB++);
    if (order === 0) fromB += 1;
  }
  while (fromA < countA) take(a, fromA++);
  while (fromB < countB) take(b, fromB++);
  return merged.slice(0, length);
}

function compareAt(a: Uint8Array, indexA: number, b: Uint8Array, indexB: number): number {
  const [startA, startB] = [indexA * HASH_BYTES, indexB * HASH_BYTES];
  for (let byte = 0; byte < HASH_BYTES; byte++) {
    const order = (a[startA + byte] ?? 0) - (b[startB + byte] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
