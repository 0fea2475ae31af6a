/** Takes deleted rows out of the bytes of a source object, whatever else it holds. */

import { gzipSync } from 'node:zlib';
import type { Dataset } from '../datasets/dataset.ts';
import { MAX_OBJECT_BYTES, unpackObject } from '../datasets/object-bytes.ts';
import { deletedRows, type Tombstones } from './tombstones.ts';

export type ObjectRewrite =
  | { readonly kind: 'clean' }
  /** `removed` rows are not in `bytes` any more; all other lines are as they were. */
  | { readonly kind: 'rewritten'; readonly bytes: Uint8Array; readonly removed: number }
  /** It holds such rows, not each on a line of its own. */
  | { readonly kind: 'refused'; readonly reason: string };

const LINE_FEED = 0x0a;

export function rewriteObject(dataset: Dataset, object: Uint8Array, tombstones: Tombstones): ObjectRewrite {
  const isDeleted = deletedRows(dataset, tombstones);
  const deletedIn = (bytes: Uint8Array): number =>
    dataset.readObject(bytes).rows.filter(({ values }) => isDeleted(values)).length;
  const removed = deletedIn(object);
  if (removed === 0) return { kind: 'clean' };
  const unpacked = unpackObject(object, MAX_OBJECT_BYTES);
  if (typeof unpacked === 'string') return { kind: 'refused', reason: unpacked };
  const kept: Uint8Array[] = [];
  let found = 0;
  for (const line of linesOf(unpacked)) {
    const count = deletedIn(line);
    found += count;
    if (count === 0) kept.push(line);
  }
  if (found !== removed) return { kind: 'refused', reason: 'holds a row that is spread over several lines' };
  const bytes = Buffer.concat(kept);
  return { kind: 'rewritten', bytes: unpacked === object ? bytes : gzipSync(bytes), removed };
}

/** With their line feeds. */
function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found === -1 ? bytes.length : found + 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}
