/**
 * The file of a group: opened, added to, and written under the condition that it is still the one that was opened. In its
 * metadata it names the runs that wrote it, so that a run whose answer was lost, or that died, can be told from the file.
 */

import { PreconditionFailedError } from '@millrace/core';
import {
  appendToParquet,
  type ByteSource,
  bytesSource,
  CorruptParquetError,
  openParquet,
  type ParquetFile,
  sortTable,
  type Table,
  type TableSchema,
  UnsupportedParquetError,
  writeParquet,
} from '@millrace/parquet';
import { GroupFileError } from '../errors.ts';
import type { GroupState } from '../state/checkpoint-state.ts';
import type { CheckpointObjects } from './checkpoint-deps.ts';

/** A file as it was when it was opened; or that there is none yet. */
export type GroupFile = OpenGroupFile | { readonly kind: 'new'; readonly path: string };

export interface OpenGroupFile {
  readonly kind: 'open';
  readonly path: string;
  readonly etag: string;
  readonly file: ParquetFile;
  /** All of it, when it is small: then it is written whole. */
  readonly bytes: Uint8Array | undefined;
  /** Runs that wrote it, the latest last. */
  readonly commits: readonly string[];
  /** Rows that compactions have taken out of it. */
  readonly deleted: number;
}

/** What the state says of a file. */
export function groupStateOf({ file, etag, deleted }: OpenGroupFile): GroupState {
  return { rows: file.rows, bytes: file.source.size, etag, ...(deleted === 0 ? {} : { deleted }) };
}

/** The name in a file's metadata under which it lists the runs that wrote it. */
const COMMITS = 'millrace.commits';
/** The same for how many rows compactions took out: a file that has fewer for another reason is not to be trusted. */
const DELETED = 'millrace.deleted';
/** Smaller files are read and written whole: no part of an upload but the last may be smaller, so says S3. */
const SMALL_BYTES = 5 * 1_024 * 1_024;
/** Beside those that are waited for: for people. */
const COMMITS_KEPT = 4;

/**
 * @param known what the state says of the file; undefined: this run makes it
 * @throws GroupFileError when it is not what the state says, or cannot be added to; and what the store throws
 */
export async function openGroupFile(
  objects: CheckpointObjects,
  schema: TableSchema,
  path: string,
  known: GroupState | undefined,
): Promise<GroupFile> {
  const opened = await readGroupFile(objects, schema, path, known?.bytes);
  if (opened === undefined) {
    if (known === undefined) return { kind: 'new', path };
    throw new GroupFileError(path, `is gone, with the ${known.rows} rows that it had; ${HOW_TO_REBUILD}`);
  }
  const everKnown = (known?.rows ?? 0) + (known?.deleted ?? 0);
  if (known !== undefined && opened.file.rows + opened.deleted < everKnown) {
    const found = `has ${opened.file.rows} rows, and had ${known.rows}`;
    throw new GroupFileError(path, `${found}: something else has changed it; ${HOW_TO_REBUILD}`);
  }
  return opened;
}

const HOW_TO_REBUILD = '`millrace checkpoint rebuild` makes it anew from the sources';

/**
 * @param size as far as it is known; it may have grown
 * @returns undefined when there is none
 * @throws GroupFileError when it cannot be added to; and what the store throws
 */
export async function readGroupFile(
  objects: CheckpointObjects,
  schema: TableSchema,
  path: string,
  size: number | undefined,
): Promise<OpenGroupFile | undefined> {
  const found = await fetchFile(objects, path, size);
  if (found === undefined) return undefined;
  const { etag, source, bytes } = found;
  try {
    const file = await openParquet(source, schema);
    return {
      kind: 'open',
      path,
      etag,
      file,
      bytes,
      commits: readCommits(file.metadata),
      deleted: readDeleted(file.metadata),
    };
  } catch (error) {
    if (error instanceof CorruptParquetError) {
      throw new GroupFileError(path, `is damaged (${error.message}); ${HOW_TO_REBUILD}`, { cause: error });
    }
    if (error instanceof UnsupportedParquetError) {
      throw new GroupFileError(path, `cannot be added to: ${error.message}; ${HOW_TO_REBUILD}`, { cause: error });
    }
    throw error;
  }
}

interface FetchedFile {
  readonly etag: string;
  readonly source: ByteSource;
  readonly bytes: Uint8Array | undefined;
}

async function fetchFile(
  objects: CheckpointObjects,
  path: string,
  size: number | undefined,
): Promise<FetchedFile | undefined> {
  if ((size ?? 0) < SMALL_BYTES) {
    // Whole in one request; of one that is larger than thought no more than the beginning.
    const stored = await objects.get(path, { range: { start: 0, end: SMALL_BYTES } });
    if (stored === undefined) return undefined;
    if (stored.size <= SMALL_BYTES) {
      return { etag: stored.etag, source: bytesSource(stored.bytes), bytes: stored.bytes };
    }
  }
  const info = await objects.head(path);
  if (info === undefined) return undefined;
  return { etag: info.etag, source: rangeSource(objects, path, info), bytes: undefined };
}

/** Reads of one version: one that is replaced meanwhile is an error, never a mixture. */
function rangeSource(
  objects: CheckpointObjects,
  path: string,
  { etag, size }: { readonly etag: string; readonly size: number },
): ByteSource {
  return {
    size,
    async read(start, end) {
      if (start === end) return new Uint8Array(0);
      const part = await objects.get(path, { range: { start, end } });
      if (part?.etag !== etag) throw new PreconditionFailedError(path, { kind: 'unchanged', etag });
      return part.bytes;
    },
  };
}

function readCommits(metadata: ReadonlyMap<string, string>): readonly string[] {
  const text = metadata.get(COMMITS);
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((run) => typeof run === 'string') : [];
  } catch {
    return [];
  }
}

function readDeleted(metadata: ReadonlyMap<string, string>): number {
  const count = Number(metadata.get(DELETED) ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Entries of a file of which so many rows are taken out by now. */
export function deletedMetadata(count: number): ReadonlyMap<string, string> {
  return count === 0 ? new Map() : new Map([[DELETED, String(count)]]);
}

/** What is to be written: how, and what it will be. */
export interface GroupChange {
  /** @throws PreconditionFailedError; what the store throws means that it may have been written */
  write(objects: CheckpointObjects): Promise<GroupState>;
}

/**
 * @param waitedFor runs that the state still has to ask the file for
 * @throws what reading the file throws
 */
export async function changeGroup(
  group: GroupFile,
  schema: TableSchema,
  table: Table,
  { id, waitedFor }: { readonly id: string; readonly waitedFor: ReadonlySet<string> },
): Promise<GroupChange> {
  const sorted = sortTable(schema, table);
  if (group.kind === 'new') {
    const bytes = writeParquet(schema, [sorted], { metadata: commitsOf([id]) });
    return {
      async write(objects) {
        const { etag } = await objects.put(group.path, bytes, { condition: { kind: 'absent' } });
        return { rows: sorted.rows, bytes: bytes.length, etag };
      },
    };
  }
  const recent = group.commits.slice(-COMMITS_KEPT);
  const commits = group.commits.filter((run) => waitedFor.has(run) || recent.includes(run));
  const { keep, tail, rows } = await appendToParquet(group.file, sorted, { metadata: commitsOf([...commits, id]) });
  const { path, etag: old, bytes, deleted } = group;
  return {
    async write(objects) {
      const { etag } =
        bytes === undefined
          ? await objects.splice(path, { etag: old, keep, tail })
          : await objects.put(path, Buffer.concat([bytes.subarray(0, keep), tail]), {
              condition: { kind: 'unchanged', etag: old },
            });
      return { rows, bytes: keep + tail.length, etag, ...(deleted === 0 ? {} : { deleted }) };
    },
  };
}

function commitsOf(runs: readonly string[]): ReadonlyMap<string, string> {
  return new Map([[COMMITS, JSON.stringify(runs)]]);
}
