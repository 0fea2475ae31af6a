/** Questions that are put to files, and the right answers to them. */

import { createHash } from 'node:crypto';
import type { Row, Value } from '../../src/table-schema.ts';
import { columnIndex, timestampOf } from './visit-events.ts';

export interface Filter {
  /** For people. */
  readonly name: string;
  readonly column: string;
  readonly op: '=' | '>=' | '<' | 'null' | 'not-null';
  /** Not for the operations on nulls. Timestamps are microseconds since the epoch. */
  readonly value?: string | number;
}

/** What a reader finds in a file. */
export interface Findings {
  /** All rows. */
  readonly rows: number;
  /** Of all rows in the order of the file: SHA-256 of a line of JSON for each. */
  readonly digest: string;
  /** Rows by the names of filters. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Those whose rows a reader loses when the statistics of a file are not exact: the bounds of each column, both sides of
 * the newest microsecond, and columns with nulls.
 */
export function tellingFilters(rows: readonly Row[]): readonly Filter[] {
  const times = rows.map(timestampOf);
  // Not Math.max(...times): there may be more than arguments can be.
  const newest = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const oldest = times.reduce((a, b) => Math.min(a, b), Infinity);
  if (rows.length === 0) return [{ name: 'newer than the epoch', column: 'timestamp', op: '>=', value: 0 }];
  const middle = times[Math.floor(times.length / 2)] ?? newest;
  return [
    { name: 'the newest microsecond', column: 'timestamp', op: '=', value: newest },
    { name: 'from the newest microsecond', column: 'timestamp', op: '>=', value: newest },
    { name: 'after the newest microsecond', column: 'timestamp', op: '>=', value: newest + 1 },
    { name: 'the oldest microsecond', column: 'timestamp', op: '=', value: oldest },
    { name: 'before the second microsecond', column: 'timestamp', op: '<', value: oldest + 1 },
    { name: 'the newer half', column: 'timestamp', op: '>=', value: middle },
    ...['study', 'project_label', 'center_label', 'ptid', 'packet'].flatMap((column) => boundFilters(rows, column)),
    { name: 'without a module', column: 'module', op: 'null' },
    { name: 'with a module', column: 'module', op: 'not-null' },
    { name: 'without a packet', column: 'packet', op: 'null' },
  ];
}

function boundFilters(rows: readonly Row[], column: string): Filter[] {
  const index = columnIndex(column);
  const values = rows.map((row) => row[index]).filter((value) => typeof value === 'string');
  const least = values.reduce((a, b) => (compareText(b, a) < 0 ? b : a), values[0] ?? '');
  const most = values.reduce((a, b) => (compareText(b, a) > 0 ? b : a), values[0] ?? '');
  return [
    { name: `the least ${column}`, column, op: '=', value: least },
    { name: `the greatest ${column}`, column, op: '=', value: most },
    { name: `from the greatest ${column}`, column, op: '>=', value: most },
    { name: `below the greatest ${column}`, column, op: '<', value: most },
  ];
}

/** As Parquet orders text: by the bytes of its UTF-8. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What every reader must find. */
export function rightFindings(rows: readonly Row[], filters: readonly Filter[]): Findings {
  const counts = filters.map((filter): [string, number] => {
    const index = columnIndex(filter.column);
    return [filter.name, rows.filter((row) => matches(row[index] ?? null, filter)).length];
  });
  return { rows: rows.length, digest: digestOf(rows), counts: Object.fromEntries(counts) };
}

/** As SQL has it: a null is equal to nothing, and in no range. */
function matches(value: Value, { op, value: wanted = '' }: Filter): boolean {
  if (op === 'null') return value === null;
  if (value === null) return false;
  if (op === 'not-null') return true;
  const order =
    typeof value === 'string' && typeof wanted === 'string'
      ? compareText(value, wanted)
      : Number(value) - Number(wanted);
  return op === '=' ? order === 0 : op === '<' ? order < 0 : order >= 0;
}

export function digestOf(rows: readonly Row[]): string {
  const digest = createHash('sha256');
  for (const row of rows) digest.update(`${JSON.stringify(row)}\n`);
  return digest.digest('hex');
}
