/** Rows of Trino and of DuckDB side by side. */

import type { JsonValue } from '../../src/output/values.ts';
import type { TrinoColumn, TrinoResult } from './trino.ts';

/** Sums of doubles depend on their order. */
const TOLERANCE = 1e-9;
const SHOWN = 3;

export type Row = readonly unknown[];

/** The first differences, in words; none when the rows are the same, in the same order. */
export function differences(trino: TrinoResult, names: readonly string[], rows: readonly Row[]): readonly string[] {
  const found: string[] = [];
  const trinoNames = trino.columns.map(({ name }) => name);
  if (trinoNames.join() !== names.join()) found.push(`columns: Trino ${trinoNames.join()}; DuckDB ${names.join()}`);
  if (trino.rows.length !== rows.length) found.push(`rows: Trino ${trino.rows.length}; DuckDB ${rows.length}`);
  const same = Math.min(trino.rows.length, rows.length);
  for (let index = 0; index < same && found.length < SHOWN; index += 1) {
    const theirs = trino.columns.map((column, at) => plain(column, trino.rows[index]?.[at]));
    const ours = rows[index] ?? [];
    const isSame = theirs.every((value, at) => equal(value, ours[at]));
    if (!isSame) found.push(`row ${index + 1}: Trino ${JSON.stringify(theirs)}; DuckDB ${JSON.stringify(ours)}`);
  }
  return found;
}

/** As `toJson` writes the value of DuckDB. */
function plain({ type }: TrinoColumn, value: unknown): JsonValue {
  if (typeof value === 'string' && type.startsWith('timestamp')) {
    const [seconds = '', fraction = ''] = value.replace(' ', 'T').split('.');
    return `${seconds}.${fraction.padEnd(6, '0')}Z`;
  }
  return value as JsonValue;
}

function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
}
