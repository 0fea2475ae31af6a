/** As many candidates as one commit folds: read, checked, and sorted by the files that their rows go to. */

import type { ObjectStore } from '@millrace/core';
import { errorMessage } from '@millrace/core';
import { createTableBuilder, type TableBuilder } from '@millrace/parquet';
import pMap from 'p-map';
import { countIn } from '../count-in.ts';
import type { Dataset, DatasetRow, EventProblem, ObjectReading } from '../datasets/dataset.ts';
import { renderTemplate } from '../datasets/group-path.ts';
import { originalOf } from '../deletion/source-rewrites.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { ObjectVersion } from '../manifest/object-version.ts';
import type { Intent, IntentObject, PendingObject, RowRange, SourceRewrite } from '../state/checkpoint-state.ts';
import type { Candidate } from './candidates.ts';
import type { Failure } from './run-report.ts';

export interface Batch {
  readonly intent: Intent;
  /** Of the intent's groups, in their order. */
  readonly tables: readonly TableBuilder[];
  /** Candidates that were not read, because the time was over. */
  readonly left: readonly Candidate[];
  readonly tally: BatchTally;
}

interface BatchTally {
  /** Events that are not valid. */
  readonly invalidEvents: number;
  /** Events left out on purpose, by reason. */
  readonly filtered: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
}

export interface BatchDeps {
  readonly source: Pick<ObjectStore, 'get'>;
  readonly dataset: Pick<Dataset, 'schema' | 'readObject' | 'template'>;
  readonly manifest: Manifest;
  /** Of deletions that did not come to their end. */
  readonly rewrites: readonly SourceRewrite[];
}

export interface BatchOptions {
  /** Of the intent. */
  readonly id: string;
  /** Only events after this, microseconds. */
  readonly since: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Objects read at once. */
  readonly concurrency: number;
  /** Asked before each object is read. */
  readonly isOver: () => boolean;
  /** Called for each object that has been read. */
  readonly onRead: () => void;
}

const BEFORE_SINCE = 'not after since';

/** An object as it was read: it may have changed since it was listed. */
interface ReadObject {
  readonly candidate: Candidate;
  readonly version: ObjectVersion;
  readonly content: Content;
}

type Content =
  | { readonly kind: 'read'; readonly reading: ObjectReading }
  | { readonly kind: 'gone' }
  /** It is now what another run has folded already. */
  | { readonly kind: 'known' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Never fails for one object: what cannot be read now is in the intent as still to do. */
export async function readBatch(
  deps: BatchDeps,
  candidates: readonly Candidate[],
  options: BatchOptions,
): Promise<Batch> {
  const read = await pMap(
    candidates,
    async (candidate) => {
      if (options.isOver()) return candidate;
      const object = await readCandidate(deps, candidate);
      options.onRead();
      return object;
    },
    { concurrency: options.concurrency },
  );
  const assembly = createAssembly(deps, options);
  const left: Candidate[] = [];
  for (const object of read) {
    if ('content' in object) assembly.add(object);
    else left.push(object);
  }
  return { ...assembly.end(), left };
}

async function readCandidate(
  { source, dataset, manifest, rewrites }: BatchDeps,
  candidate: Candidate,
): Promise<ReadObject> {
  const { key, etag, time } = candidate;
  const listed = { key, etag, time };
  try {
    const stored = await source.get(key);
    if (stored === undefined) return { candidate, version: listed, content: { kind: 'gone' } };
    const version = { key, etag: originalOf(rewrites, stored), time };
    const isKnown = version.etag !== etag && (await manifest.has(version));
    if (isKnown) return { candidate, version, content: { kind: 'known' } };
    return { candidate, version, content: { kind: 'read', reading: dataset.readObject(stored.bytes) } };
  } catch (error) {
    const reason = errorMessage(error);
    return { candidate, version: listed, content: { kind: 'unreadable', reason } };
  }
}

function createAssembly({ dataset }: BatchDeps, { id, since, now }: BatchOptions) {
  const groups = new Map<string, { readonly index: number; readonly table: TableBuilder }>();
  const objects: IntentObject[] = [];
  /** Versions in this batch: one that was rewritten meanwhile may come under its old and under its new version. */
  const taken = new Set<string>();
  const filtered = new Map<string, number>();
  const failures: Failure[] = [];
  let [invalidEvents, refused, gone] = [0, 0, 0];
  let lastTimestamp: number | null = null;

  const groupOf = (path: string) => {
    const group = groups.get(path) ?? { index: groups.size, table: createTableBuilder(dataset.schema) };
    groups.set(path, group);
    return group;
  };

  /** What the rows of an object that is waited for would have been is lost. */
  const lose = (key: string, pending: PendingObject, how: string): void => {
    if (pending.groups === undefined && pending.rows === undefined) return;
    failures.push({ kind: 'gone', key, reasons: [`${how} before its rows could be folded: ${pending.reason}`] });
  };

  const countContent = (key: string, reading: ObjectReading): void => {
    for (const [reason, count] of reading.filtered) countIn(filtered, reason, count);
    if (reading.problems.length === 0) return;
    invalidEvents += new Set(reading.problems.map(({ line }) => line)).size;
    failures.push({ kind: 'content', key, reasons: reading.problems.map(describeProblem) });
    if (reading.rows.length === 0) refused += 1;
  };

  /** @returns the groups of the rows, by index */
  const addRows = (rows: readonly DatasetRow[], only: readonly string[] | undefined): number[] => {
    const targets = new Set<number>();
    for (const { values, timestamp, fields } of rows) {
      const path = renderTemplate(dataset.template, fields);
      if (only !== undefined && !only.includes(path)) continue;
      const { index, table } = groupOf(path);
      table.add(values);
      targets.add(index);
      lastTimestamp = Math.max(lastTimestamp ?? timestamp, timestamp);
    }
    return [...targets];
  };

  const addReading = ({ candidate, version }: ReadObject, reading: ObjectReading): void => {
    const { key } = version;
    const isSame = candidate.etag === version.etag;
    if (!isSame && candidate.pending !== undefined) lose(key, candidate.pending, 'it was replaced');
    const pending = isSame ? candidate.pending : undefined;
    const name = JSON.stringify([version, pending?.groups, pending?.rows]);
    if (taken.has(name)) return;
    taken.add(name);
    if (pending?.groups === undefined && pending?.rows === undefined) countContent(key, reading);
    const range = pending?.rows ?? (since === undefined ? undefined : { after: since });
    const rows = range === undefined ? reading.rows : reading.rows.filter((row) => isWithin(range, row.timestamp));
    const isCut = since !== undefined && rows.length < reading.rows.length;
    if (isCut) countIn(filtered, BEFORE_SINCE, reading.rows.length - rows.length);
    // As if it had not been looked at: a run without `since` finds it new.
    if (isCut && rows.length === 0) return;
    objects.push({
      ...version,
      groups: addRows(rows, pending?.groups),
      since: pending?.since ?? now,
      ...(pending?.runs === undefined ? {} : { runs: pending.runs }),
      ...(range === undefined ? {} : { rows: range }),
      ...(isCut ? { rest: { upTo: since } } : {}),
    });
  };

  return {
    add(object: ReadObject): void {
      const { candidate, version, content } = object;
      const { pending } = candidate;
      switch (content.kind) {
        case 'known':
          if (pending !== undefined) lose(version.key, pending, 'it was replaced');
          return;
        case 'gone':
          gone += 1;
          if (pending !== undefined) lose(version.key, pending, 'it was deleted');
          objects.push({ ...version, groups: [], since: now });
          return;
        case 'unreadable': {
          failures.push({ kind: 'transport', key: version.key, reasons: [content.reason] });
          const unread = { ...version, since: now, ...pending, reason: content.reason };
          objects.push({ ...version, groups: [], since: unread.since, unread });
          return;
        }
        case 'read':
          addReading(object, content.reading);
      }
    },

    end(): Omit<Batch, 'left'> {
      return {
        intent: { id, groups: [...groups.keys()], objects, refused, gone, lastTimestamp },
        tables: [...groups.values()].map(({ table }) => table),
        tally: { invalidEvents, filtered, failures },
      };
    },
  };
}

function isWithin({ after, upTo }: RowRange, timestamp: number): boolean {
  return (after === undefined || timestamp > after) && (upTo === undefined || timestamp <= upTo);
}

function describeProblem({ line, field, message }: EventProblem): string {
  const where = [line === undefined ? [] : `line ${line}`, field ?? []].flat();
  return where.length === 0 ? message : `${where.join(', ')}: ${message}`;
}
