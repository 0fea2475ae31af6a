/**
 * What a checkpoint knows of itself: one object, changed under the condition that nobody else did meanwhile. It is the
 * only thing that says what is folded; segments and files that it does not name do not count.
 */

import type { ObjectStore } from '@millrace/core';
import { CorruptStateError } from '../errors.ts';
import type { Segment } from '../manifest/manifest.ts';
import type { ObjectVersion } from '../manifest/object-version.ts';

export interface CheckpointState {
  readonly version: 1;
  readonly dataset: string;
  readonly template: string;
  readonly lease: Lease | null;
  /** Groups that are being written. After a crash the files themselves tell which of them took it in. */
  readonly intent: Intent | null;
  /** Tried in every run, without time limit. */
  readonly pending: readonly PendingObject[];
  readonly segments: readonly Segment[];
  /** The files, by path below the checkpoint's prefix. */
  readonly groups: Readonly<Record<string, GroupState>>;
  /** Names before this need not be listed in a run that lists what is recent. Epoch milliseconds. */
  readonly watermark: number | null;
  readonly fullListing: FullListing | null;
  /** A listing of everything that no run has brought to its end yet. */
  readonly sweep: Sweep | null;
  /** A rebuild was putting its files in place: until one has come to its end, nobody knows what the files hold. */
  readonly isRebuilding: boolean;
  readonly totals: Totals;
  /** Sources that a deletion writes anew, or may have. */
  readonly rewrites: readonly SourceRewrite[];
}

/**
 * A source object of which deleted rows are taken out. Bytes of this hash are what is left of the old version: whoever
 * finds them under the key takes them for it, however late the write takes effect.
 */
export interface SourceRewrite extends ObjectVersion {
  /** Of the new bytes, hexadecimal. */
  readonly sha256: string;
}

export interface Lease {
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** When the last listing of everything that came to its end began, and how many objects there were. */
interface FullListing {
  readonly at: number;
  readonly objects: number;
}

/** How far a listing of everything is: what comes up to `after` is dealt with. */
export interface Sweep {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Listed until now. */
  readonly objects: number;
  readonly after: string;
}

export interface GroupState {
  readonly rows: number;
  readonly bytes: number;
  readonly etag: string;
  /** Rows that compactions have taken out of it because they were deleted; undefined: none. */
  readonly deleted?: number;
}

/** All that is needed to settle what is under way, by this run or after it. */
export interface Intent {
  /** Of this intent alone: the files that it is written to tell it. */
  readonly id: string;
  /** Paths. */
  readonly groups: readonly string[];
  readonly objects: readonly IntentObject[];
  readonly refused: number;
  readonly gone: number;
  /** Of the rows, microseconds. */
  readonly lastTimestamp: number | null;
}

export interface IntentObject extends ObjectVersion {
  /** Which of the intent's groups its rows go to, by index. */
  readonly groups: readonly number[];
  /** Runs that may have written its rows into these groups without learning that they did. */
  readonly runs?: readonly string[];
  /** Which of its rows are folded; undefined: all. */
  readonly rows?: RowRange;
  /** What of it is for a later run. */
  readonly rest?: RowRange;
  /** Since when it could not be folded, epoch milliseconds. */
  readonly since: number;
  /** Nothing of it could be read: what is still to do. */
  readonly unread?: PendingObject;
}

/** Rows by timestamp, microseconds. */
export interface RowRange {
  /** The last one before it. */
  readonly after?: number;
  /** Its last one. */
  readonly upTo?: number;
}

export interface PendingObject extends ObjectVersion {
  /** Paths that lack its rows; undefined: all that its rows go to. */
  readonly groups?: readonly string[];
  readonly runs?: readonly string[];
  readonly rows?: RowRange;
  readonly reason: string;
  /** Since when it could not be folded, epoch milliseconds. */
  readonly since: number;
}

/** Since the checkpoint exists. */
interface Totals {
  readonly objects: number;
  readonly refused: number;
  readonly gone: number;
  /** The newest timestamp folded, microseconds. */
  readonly lastTimestamp: number | null;
}

/** What states of earlier releases lack. */
const ADDED = { sweep: null, rewrites: [] } as const;

export function initialState(dataset: string, template: string): CheckpointState {
  return {
    ...{ version: 1, dataset, template, lease: null, intent: null, pending: [], segments: [], groups: {} },
    ...{ watermark: null, fullListing: null, ...ADDED, isRebuilding: false },
    totals: { objects: 0, refused: 0, gone: 0, lastTimestamp: null },
  };
}

export function serializeState(state: CheckpointState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state));
}

/**
 * @param key of the object, for the error
 * @throws CorruptStateError
 */
export function parseState(bytes: Uint8Array, key: string): CheckpointState {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CorruptStateError(key, 'is not JSON', { cause });
  }
  const problem = shapeProblem(value);
  if (problem !== undefined) throw new CorruptStateError(key, problem);
  return { ...ADDED, ...(value as CheckpointState) };
}

/** @returns undefined when there is none; @throws CorruptStateError, and what the store throws */
export async function readState(objects: Pick<ObjectStore, 'get'>, key: string): Promise<CheckpointState | undefined> {
  const stored = await objects.get(key);
  return stored && parseState(stored.bytes, key);
}

function shapeProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is not an object';
  const state = value as Partial<Record<keyof CheckpointState, unknown>>;
  if (state.version !== 1) return `has the version ${JSON.stringify(state.version)}, which this program does not know`;
  const isWhole =
    typeof state.dataset === 'string' &&
    typeof state.template === 'string' &&
    Array.isArray(state.pending) &&
    Array.isArray(state.segments) &&
    isRecord(state.groups) &&
    isRecord(state.totals) &&
    state.intent !== undefined &&
    state.lease !== undefined;
  return isWhole ? undefined : 'lacks parts of a state';
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
