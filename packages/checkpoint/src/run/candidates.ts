/** What a run has to read: first what earlier runs could not finish, then what is new. */

import type { ObjectStore } from '@millrace/core';
import type { Dataset } from '../datasets/dataset.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { ObjectVersion } from '../manifest/object-version.ts';
import type { PendingObject } from '../state/checkpoint-state.ts';
import { type ListingPlan, listObjects } from './listing.ts';

export interface Candidate extends ObjectVersion {
  /** Bytes; of a pending object not known. */
  readonly size: number;
  /** What is left over of an earlier try. */
  readonly pending?: PendingObject;
}

/** What a listing met. */
export interface ListingTally {
  /** Objects, of any kind. */
  listed: number;
  /** Objects that are no sources, by reason. */
  readonly ignored: Map<string, number>;
  /** The newest time of a source's name, epoch milliseconds. */
  newest: number | null;
}

export function newListingTally(): ListingTally {
  return { listed: 0, ignored: new Map(), newest: null };
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
  /** Filled while the candidates are taken. */
  readonly tally: ListingTally;
}

export async function* findCandidates(
  { source, dataset, manifest }: CandidateDeps,
  { pending, retry, plan, tally }: CandidateQuery,
): AsyncGenerator<Candidate> {
  const waiting = new Set(pending.map(versionName));
  for (const object of retry ? pending : []) yield { ...versionOf(object), size: 0, pending: object };
  for await (const info of listObjects(source, plan)) {
    tally.listed += 1;
    const reading = dataset.readKey(info.key);
    if (reading.kind === 'ignored') {
      tally.ignored.set(reading.reason, (tally.ignored.get(reading.reason) ?? 0) + 1);
      continue;
    }
    tally.newest = Math.max(tally.newest ?? reading.time, reading.time);
    const version = { key: info.key, etag: info.etag, time: reading.time };
    if (waiting.has(versionName(version)) || (await manifest.has(version))) continue;
    yield { ...version, size: info.size };
  }
}

function versionOf({ key, etag, time }: ObjectVersion): ObjectVersion {
  return { key, etag, time };
}

function versionName({ key, etag }: ObjectVersion): string {
  return `${key}\0${etag}`;
}
