/** What a run has to read: first what earlier runs could not finish, then what is new. */

import type { ObjectInfo, ObjectStore } from '@millrace/core';
import { countIn } from '../count-in.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { type ObjectVersion, versionName } from '../manifest/object-version.ts';
import type { PendingObject, Sweep } from '../state/checkpoint-state.ts';
import { type ListingPlan, listPages } from './listing.ts';

export interface Candidate extends ObjectVersion {
  /** Bytes; of a pending object not known. */
  readonly size: number;
  /** What is left over of an earlier try. */
  readonly pending?: PendingObject;
  /** The place in the sweep from which on it is found again. */
  readonly place?: SweepPlace;
}

export type SweepPlace = Pick<Sweep, 'objects' | 'after'>;

/** What a listing met. */
export interface ListingTally {
  /** Objects, of any kind. */
  listed: number;
  /** Objects that are no sources, by reason. */
  readonly ignored: Map<string, number>;
  /** The newest time of a source's name, epoch milliseconds. */
  newest: number | null;
  /** The same of what is recent, once all of that is listed. */
  newestRecent: number | null;
  /** How far the sweep is. */
  place: SweepPlace;
  /** Everything that was planned is listed. */
  isComplete: boolean;
}

export function newListingTally({ sweep }: ListingPlan): ListingTally {
  return {
    ...{ listed: 0, ignored: new Map(), newest: null, newestRecent: null, isComplete: false },
    place: { objects: sweep?.objects ?? 0, after: sweep?.after ?? '' },
  };
}

export interface CandidateDeps {
  readonly source: Pick<ObjectStore, 'list'>;
  readonly dataset: Pick<Dataset, 'readKey'>;
  readonly manifest: Manifest;
}

export interface CandidateQuery {
  /** All that is pending: no listing finds it new. */
  readonly pending: readonly PendingObject[];
  /** Whether it is tried again now. */
  readonly retry: boolean;
  readonly plan: ListingPlan;
  readonly pageSize: number;
  /** Filled while the candidates are taken. */
  readonly tally: ListingTally;
}

/** Undefined at the end of each page: there may be many without a candidate. */
export async function* findCandidates(
  { source, dataset, manifest }: CandidateDeps,
  { pending, retry, plan, pageSize, tally }: CandidateQuery,
): AsyncGenerator<Candidate | undefined> {
  const known = new Set(pending.map(versionName));
  for (const object of retry ? pending : []) yield { ...versionOf(object), size: 0, pending: object };

  /** What of an object is to be read; counted, unless the sweep comes to it as well. */
  const look = async (info: ObjectInfo, isCounted: boolean): Promise<Candidate | undefined> => {
    const reading = dataset.readKey(info.key);
    if (isCounted) tally.listed += 1;
    if (reading.kind === 'ignored') {
      if (isCounted) countIn(tally.ignored, reading.reason);
      return undefined;
    }
    tally.newest = Math.max(tally.newest ?? reading.time, reading.time);
    const version = { key: info.key, etag: info.etag, time: reading.time };
    if (known.has(versionName(version)) || (await manifest.has(version))) return undefined;
    return { ...version, size: info.size };
  };

  for (const range of plan.recent) {
    for await (const page of listPages(source, range, pageSize)) {
      for (const info of page) {
        const candidate = await look(info, plan.sweep === undefined);
        if (candidate === undefined) continue;
        known.add(versionName(candidate));
        yield candidate;
      }
      yield undefined;
    }
  }
  tally.newestRecent = tally.newest;
  if (plan.sweep !== undefined) {
    for await (const page of listPages(source, { prefix: '', startAfter: plan.sweep.after }, pageSize)) {
      for (const info of page) {
        const candidate = await look(info, true);
        const { place } = tally;
        tally.place = { objects: place.objects + 1, after: info.key };
        if (candidate !== undefined) yield { ...candidate, place };
      }
      yield undefined;
    }
  }
  tally.isComplete = true;
}

function versionOf({ key, etag, time }: ObjectVersion): ObjectVersion {
  return { key, etag, time };
}
