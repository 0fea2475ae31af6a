import type { ListingRange } from '@millrace/checkpoint';

/** Would a listing of the ranges show this name? Stores sort by the bytes of UTF-8. */
export function isInRanges(name: string, ranges: readonly ListingRange[] | undefined): boolean {
  if (ranges === undefined) return true;
  const isBehind = (start: string): boolean => Buffer.compare(Buffer.from(name), Buffer.from(start)) > 0;
  return ranges.some(({ prefix, startAfter }) => name.startsWith(prefix) && isBehind(startAfter));
}
