/**
 * Which versions of which objects are taken care of: folded in, refused for good, or kept in the state's list of what is
 * still to do. Segments of hashes, each an object that is written once; the state says which of them count.
 *
 * A segment knows the range of the times that its objects' names tell, so a version can only be in segments whose range
 * holds its own time: a run that sees recent names reads recent segments, however many there are.
 */

import type { ObjectStore } from '@millrace/core';
import { CorruptStateError } from '../errors.ts';
import { countOf, type HashRun, hasHash, mergeRuns, readHashRun, sortHashes } from './hash-run.ts';
import { type ObjectVersion, versionHash } from './object-version.ts';

export interface Segment {
  /** Below the manifest's prefix. Never written twice with other content. */
  readonly name: string;
  readonly count: number;
  /** The earliest and the latest time of a name, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

type ManifestObjects = Pick<ObjectStore, 'get' | 'put'>;

export interface Manifest {
  has(version: ObjectVersion): Promise<boolean>;
}

/** Segments that are held at once, of at most 16 MB each: a listing in the order of time needs one after the other. */
const MOST_HELD = 8;

/**
 * Reads a segment when it is asked for, and holds those that were asked for last.
 *
 * @param prefix of the segments' objects
 */
export function createManifest(objects: ManifestObjects, prefix: string, segments: readonly Segment[]): Manifest {
  /** In the order in which they were asked for. */
  const held = new Map<string, Promise<HashRun>>();
  const load = (segment: Segment): Promise<HashRun> => {
    const run = held.get(segment.name) ?? readSegment(objects, prefix, segment);
    held.delete(segment.name);
    held.set(segment.name, run);
    if (held.size > MOST_HELD) held.delete([...held.keys()][0] ?? '');
    return run;
  };
  return {
    async has(version) {
      const sought = versionHash(version);
      for (const segment of segments) {
        if (version.time < segment.from || version.time > segment.to) continue;
        if (hasHash(await load(segment), sought)) return true;
      }
      return false;
    },
  };
}

/** Segments of one size are merged when there are so many of them. */
const FAN_IN = 8;
/** No segment gets larger: 16 MB. */
const MAX_COUNT = 1_000_000;

export interface GrownManifest {
  readonly segments: readonly Segment[];
  /** Names that do not count any more once the state says so. */
  readonly obsolete: readonly string[];
}

/**
 * Writes a segment of these versions; together with others of its size when there are many.
 *
 * @param name of the new segment: one that was never used before
 */
export async function growManifest(
  objects: ManifestObjects,
  { prefix, segments, name }: { readonly prefix: string; readonly segments: readonly Segment[]; readonly name: string },
  versions: readonly ObjectVersion[],
): Promise<GrownManifest> {
  if (versions.length === 0) return { segments, obsolete: [] };
  const merged = segmentsToMerge(segments, versions.length);
  const runs = await Promise.all(merged.map((segment) => readSegment(objects, prefix, segment)));
  const run = mergeRuns([sortHashes(versions.map(versionHash)), ...runs]);
  await objects.put(prefix + name, run);
  const grown: Segment = {
    name,
    count: countOf(run),
    from: least([...versions.map(({ time }) => time), ...merged.map(({ from }) => from)]),
    to: -least([...versions.map(({ time }) => -time), ...merged.map(({ to }) => -to)]),
  };
  return {
    segments: [...segments.filter((segment) => !merged.includes(segment)), grown],
    obsolete: merged.map((segment) => segment.name),
  };
}

/** The newest ones that are no larger than what comes, while that is worth it; what comes grows with each tier. */
function segmentsToMerge(segments: readonly Segment[], count: number): readonly Segment[] {
  let merged: readonly Segment[] = [];
  let total = count;
  for (;;) {
    const rest = segments.slice(0, segments.length - merged.length);
    const small = rest.slice(rest.findLastIndex((segment) => segment.count > total * FAN_IN) + 1);
    const sum = small.reduce((all, segment) => all + segment.count, total);
    if (small.length < FAN_IN || sum > MAX_COUNT) return merged;
    merged = [...small, ...merged];
    total = sum;
  }
}

function least(times: readonly number[]): number {
  return times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

async function readSegment(objects: ManifestObjects, prefix: string, { name, count }: Segment): Promise<HashRun> {
  const key = prefix + name;
  const stored = await objects.get(key);
  if (stored === undefined) throw new CorruptStateError(key, 'is gone');
  const run = readHashRun(stored.bytes, key);
  if (countOf(run) !== count) throw new CorruptStateError(key, `holds ${countOf(run)} hashes, not ${count}`);
  return run;
}
