/**
 * What is under the source's prefix. A full listing goes through everything and finds whatever is new, however late it
 * came. One of what is recent leaves out names whose time is long over; it is for sources with very many objects, where
 * a full one is made only now and then.
 */

import type { ObjectInfo, ObjectStore } from '@millrace/core';
import type { Dataset } from '../datasets/dataset.ts';
import type { CheckpointState } from '../state/checkpoint-state.ts';

export interface ListingPlan {
  readonly isFull: boolean;
  /** Where to list. */
  readonly ranges: readonly { readonly prefix: string; readonly startAfter: string }[];
}

export interface ListingOptions {
  /** Always list everything. */
  readonly full?: boolean;
  /** How late under its name an object may come and still be seen by a listing of what is recent; milliseconds. */
  readonly overlapMs: number;
  /** How long listings of what is recent may follow one another; milliseconds. */
  readonly fullEveryMs: number;
}

export const DEFAULT_LISTING: ListingOptions = { overlapMs: 3_600_000, fullEveryMs: 86_400_000 };

/** With no more objects than this a full listing is cheap: five requests. */
const ALWAYS_FULL_UP_TO = 5_000;
const PAGE = 1_000;
const EVERYTHING = [{ prefix: '', startAfter: '' }] as const;

export function planListing(
  { watermark, fullListing }: Pick<CheckpointState, 'watermark' | 'fullListing'>,
  dataset: Pick<Dataset, 'listingRanges'>,
  { full = false, overlapMs, fullEveryMs }: ListingOptions,
  now: number,
): ListingPlan {
  const isDue = fullListing === null || fullListing.objects <= ALWAYS_FULL_UP_TO || now >= fullListing.at + fullEveryMs;
  const recent = full || isDue || watermark === null ? undefined : dataset.listingRanges(watermark - overlapMs);
  return recent === undefined ? { isFull: true, ranges: EVERYTHING } : { isFull: false, ranges: recent };
}

export async function* listObjects(source: Pick<ObjectStore, 'list'>, plan: ListingPlan): AsyncGenerator<ObjectInfo> {
  for (const { prefix, startAfter } of plan.ranges) {
    let after = startAfter;
    for (;;) {
      const { objects, more } = await source.list({ prefix, startAfter: after, limit: PAGE });
      yield* objects;
      const last = objects.at(-1);
      if (!more || last === undefined) break;
      after = last.key;
    }
  }
}
