/** What the columns of a table are: the types that a checkpoint has, and no others. */

export type ColumnType =
  | 'string'
  /** A whole number, −2³¹ to 2³¹ − 1. */
  | 'int32'
  /** 64 bits of floating point. */
  | 'double'
  /** Whole microseconds since the epoch, UTC; a safe integer, so from 1684 to 2255. */
  | 'timestamp';

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  /** False: REQUIRED in the file; a null is refused. */
  readonly nullable: boolean;
}

export interface TableSchema {
  readonly columns: readonly ColumnSpec[];
  /** The timestamp column, never null, by which rows are sorted within a row group. */
  readonly orderBy: string;
}

/** A field of a row. Timestamps are microseconds since the epoch. */
export type Value = string | number | null;

/** In the order of the schema's columns. */
export type Row = readonly Value[];
