/**
 * What a checkpoint knows of the objects that it folds: which keys are sources, what rows their bytes hold, and which
 * file each row belongs to. Everything else is the same for all datasets.
 */

import type { Row, TableSchema } from '@millrace/parquet';

export interface Dataset {
  readonly name: DatasetName;
  readonly schema: TableSchema;
  /** Where a row's file is, below the checkpoint's prefix: `visit-events/{study}/{datatype}/events.parquet`. */
  readonly template: string;
  /** What a template may name. */
  readonly templateFields: readonly string[];
  /** What a row is deleted by; without it, rows cannot be deleted. @returns null for a row without an id */
  readonly rowId?: (row: Row) => string | null;
  /** @param name of the object below the source's prefix */
  readKey(name: string): KeyReading;
  /** What an object holds. Never throws: what cannot be read is a problem of the object. */
  readObject(bytes: Uint8Array): ObjectReading;
  /**
   * The ranges of names that cannot hold anything new but after these starts: `undefined` when names do not sort by
   * time.
   *
   * @param since epoch milliseconds
   */
  listingRanges(since: number): readonly ListingRange[] | undefined;
}

export type DatasetName = 'visit-events' | 'deliveries';

export interface ListingRange {
  /** Below the source's prefix. */
  readonly prefix: string;
  readonly startAfter: string;
}

export type KeyReading =
  | {
      readonly kind: 'source';
      /** Epoch milliseconds that the name tells, with its precision. */
      readonly time: number;
    }
  /** Not a source, and why, in words that are the same for all such objects: they are counted by it. */
  | { readonly kind: 'ignored'; readonly reason: string };

export interface ObjectReading {
  readonly rows: readonly DatasetRow[];
  /** Rows that are left out on purpose, by reason (`sandbox project`). */
  readonly filtered: ReadonlyMap<string, number>;
  /** Every problem of every event that is not among the rows. */
  readonly problems: readonly EventProblem[];
}

export interface DatasetRow {
  /** In the order of the schema's columns. */
  readonly values: Row;
  /** Microseconds since the epoch: the value of the column that the schema orders by. */
  readonly timestamp: number;
  /** What a template may name: `{ study: 'adrc', datatype: 'form' }`. Values of the data, not yet safe in a path. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface EventProblem {
  /** From 1, in an object of lines; undefined when the whole object is meant. */
  readonly line: number | undefined;
  /** The field, or undefined when it is the event as a whole. */
  readonly field: string | undefined;
  readonly message: string;
}
