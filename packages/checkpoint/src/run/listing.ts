/**
 * What is under the source's prefix, looked at in two ways. A sweep goes through everything and finds whatever is new,
 * however late it came; where there is more than a run has time for, the next run goes on where it stopped. A look at
 * what is recent leaves out names whose time is long over. With very many objects it is what a run does, and a sweep is
 * made only now and then, after it, so that however long a sweep takes, what is new does not wait for it.
 */

import type { ObjectInfo, ObjectStore } from '@millrace/core';
import type { Dataset, ListingRange } from '../datasets/dataset.ts';
import type { CheckpointState, Sweep } from '../state/checkpoint-state.ts';

export interface ListingPlan {
  /** What is recent, before the sweep. */
  readonly recent: readonly ListingRange[];
  /** From where on everything is looked at. */
  readonly sweep: Sweep | undefined;
}

export interface ListingOptions {
  /** Look at everything, from the beginning. */
  readonly full: boolean;
  /** How late under its name an object may come and still be seen by a look at what is recent; milliseconds. */
  readonly overlapMs: number;
  /** How long after the beginning of a sweep the next one begins; milliseconds. */
  readonly fullEveryMs: number;
  /** With no more objects than this every run is a sweep: a few requests. */
  readonly alwaysFullUpTo: number;
  /** Objects of a request. */
  readonly pageSize: number;
}

export const DEFAULT_LISTING: ListingOptions = {
  ...{ full: false, overlapMs: 3_600_000, fullEveryMs: 86_400_000 },
  ...{ alwaysFullUpTo: 5_000, pageSize: 1_000 },
};

export function planListing(
  { watermark, fullListing, sweep }: Pick<CheckpointState, 'watermark' | 'fullListing' | 'sweep'>,
  dataset: Pick<Dataset, 'listingRanges'>,
  { full, overlapMs, fullEveryMs, alwaysFullUpTo }: ListingOptions,
  now: number,
): ListingPlan {
  const resumed = full ? null : sweep;
  const isLarge = resumed !== null || (fullListing !== null && fullListing.objects > alwaysFullUpTo);
  const ranges = isLarge && watermark !== null ? dataset.listingRanges(watermark - overlapMs) : undefined;
  const isDue = full || resumed !== null || fullListing === null || now >= fullListing.at + fullEveryMs;
  if (ranges !== undefined && !isDue) return { recent: ranges, sweep: undefined };
  return { recent: ranges ?? [], sweep: resumed ?? { startedAt: now, objects: 0, after: '' } };
}

/** A request each. */
export async function* listPages(
  source: Pick<ObjectStore, 'list'>,
  { prefix, startAfter }: ListingRange,
  limit = DEFAULT_LISTING.pageSize,
): AsyncGenerator<readonly ObjectInfo[]> {
  for (let after = startAfter; ; ) {
    const { objects, more } = await source.list({ prefix, startAfter: after, limit });
    yield objects;
    const last = objects.at(-1);
    if (!more || last === undefined) return;
    after = last.key;
  }
}
