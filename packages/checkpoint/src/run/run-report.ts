/** What came of a run. */

export interface RunReport {
  readonly runId: string;
  readonly dataset: string;
  /** False: the time was over before everything that is new was folded; the next run goes on. */
  readonly complete: boolean;
  /** Whether everything under the prefix was listed, or what of it no run before had come to; else what is recent. */
  readonly fullListing: boolean;
  readonly objects: ObjectCounts;
  readonly events: EventCounts;
  /** Files that were written, by path. */
  readonly groups: readonly GroupReport[];
  /** Rows in all files. */
  readonly totalEvents: number;
  /** Newest timestamp in all files, microseconds; null when there is none. */
  readonly lastTimestamp: number | null;
  /** At most `MAX_FAILURES`. */
  readonly failures: readonly Failure[];
  readonly failuresLeftOut: number;
  readonly executionMs: number;
}

export interface ObjectCounts {
  readonly listed: number;
  /** Objects under the prefix that are no sources, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
  /** New or pending ones that were read. */
  readonly read: number;
  /** Objects without any event that can be folded. */
  readonly refused: number;
  /** Deleted between listing and reading. */
  readonly gone: number;
  /** Kept for the next run: not readable now, or of a file that could not be written. */
  readonly pending: number;
  /** New ones known to be left when the time was over. */
  readonly left: number;
}

export interface EventCounts {
  readonly folded: number;
  readonly invalid: number;
  /** Left out on purpose, by reason. */
  readonly filtered: Readonly<Record<string, number>>;
}

export interface GroupReport {
  readonly path: string;
  /** Rows that this run added. */
  readonly added: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface Failure {
  readonly kind: /** Events that are not valid; the object is not read again until it changes. */
    | 'content'
    /** The object could not be read; every run tries again. */
    | 'transport'
    /** Rows of an object that vanished before they could be folded. */
    | 'gone'
    /** The file could not be written; its rows are tried again by every run. */
    | 'group'
    /** The file holds everything, and could not be tidied up; a later run tries again. */
    | 'compaction';
  /** Of the object, below the source's prefix; of a group its path. */
  readonly key: string;
  readonly reasons: readonly string[];
}

export const MAX_FAILURES = 1_000;
