import type { RowGroup } from '../read/row-group.ts';

/**
 * When row groups at the end of a file are merged with new rows, so that many appends leave few groups.
 *
 * There are three sizes: small groups are merged into middle ones when there are too many, and those into groups of the
 * target size when they have enough rows for one. Groups of half of the target size stay as they are for good: a row is
 * written a few times in all, and most appends write new rows only.
 */
export interface MergePolicy {
  /** A group with fewer rows is small. */
  readonly smallRows: number;
  /** This many small groups at the end are merged. */
  readonly smallGroups: number;
  /** This many groups below half of the target size at the end are merged, whatever their sizes. */
  readonly tailGroups: number;
  /** Of a group that stays: rows, or bytes of pages when its rows are large. */
  readonly targetRows: number;
  readonly targetBytes: number;
}

export const DEFAULT_MERGE_POLICY: MergePolicy = {
  smallRows: 8_192,
  smallGroups: 16,
  tailGroups: 32,
  targetRows: 131_072,
  targetBytes: 33_554_432,
};

/**
 * Groups that cannot be read stay, and so do those before them.
 *
 * @returns the first of the row groups that are merged with new rows; their number when none is
 */
export function firstMerged(rowGroups: readonly RowGroup[], newRows: number, policy: MergePolicy): number {
  const from = planned(rowGroups, newRows, policy);
  const merged = rowGroups.slice(from);
  return canBeCut(rowGroups.slice(0, from), merged) ? from : rowGroups.length;
}

function planned(groups: readonly RowGroup[], newRows: number, policy: MergePolicy): number {
  const { smallRows, smallGroups, tailGroups, targetRows, targetBytes } = policy;
  let tailRows = newRows;
  let tailBytes = 0;
  const tailStart = startOfTail(groups, ({ rows, bytes, unreadable }) => {
    if (unreadable !== undefined) return false;
    if (rows >= targetRows / 2 || bytes >= targetBytes / 2) return false;
    if (tailRows + rows > 2 * targetRows || tailBytes + bytes > 2 * targetBytes) return false;
    tailRows += rows;
    tailBytes += bytes;
    return true;
  });
  const isTailFull = tailRows >= targetRows || tailBytes >= targetBytes;
  if (isTailFull || groups.length - tailStart >= tailGroups) return tailStart;
  const smallStart = Math.max(
    tailStart,
    startOfTail(groups, ({ rows }) => rows < smallRows),
  );
  return groups.length - smallStart >= smallGroups ? smallStart : groups.length;
}

/** Where the last groups begin that are all so. */
function startOfTail(groups: readonly RowGroup[], isOfTail: (group: RowGroup) => boolean): number {
  let start = groups.length;
  for (; start > 0; start -= 1) {
    const group = groups[start - 1];
    if (group === undefined || !isOfTail(group)) break;
  }
  return start;
}

/** Nothing of the groups that are kept may lie behind the cut: pages, or page indexes and bloom filters of other programs. */
function canBeCut(kept: readonly RowGroup[], merged: readonly RowGroup[]): boolean {
  const cut = cutOf(merged);
  return kept.every(
    ({ end, chunks }) => end <= cut && chunks.every(({ attachments }) => attachments.every((start) => start < cut)),
  );
}

/** Of the first byte that is not kept; Infinity when no groups are merged. */
export function cutOf(merged: readonly RowGroup[]): number {
  return Math.min(...merged.map(({ start }) => start));
}
