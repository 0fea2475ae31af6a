/** The rows of all row groups of a file in order, with no more groups in memory than overlap in time. */

import { CorruptParquetError, placedError } from '../errors.ts';
import type { ParquetFile } from '../parquet-file.ts';
import { columnNames, readRowGroups } from '../read-tables.ts';
import { sortTable } from '../sort-table.ts';
import { orderKeys, rowsOf, type Table } from '../table.ts';
import type { Row } from '../table-schema.ts';
import { concatSlices, type Slice, takeRows } from '../take-rows.ts';
import { firstRun, headOf, type SortedRun, takeFirst } from './sorted-run.ts';

/** A row group that no row was taken of. */
interface WaitingGroup {
  readonly index: number;
  /** No row comes before. */
  readonly min: number;
}

/**
 * @param rows of each table but the last
 * @param keepRow rows of which it is false are left out
 * @throws CorruptParquetError, UnsupportedParquetError
 */
export async function* mergeGroups(
  file: ParquetFile,
  rows: number,
  keepRow: ((row: Row) => boolean) | undefined,
): AsyncGenerator<Table> {
  const waiting = await waitingGroups(file);
  let runs: SortedRun[] = [];
  let slices: Slice[] = [];
  let room = rows;
  for (;;) {
    const run = firstRun(runs);
    const [next] = waiting;
    if (next !== undefined && (run === undefined || next.min <= headOf(run))) {
      waiting.shift();
      runs.push(await openRun(file, next, keepRow));
    } else if (run === undefined) break;
    else {
      const slice = takeFirst(run, runs, next?.min ?? Number.POSITIVE_INFINITY, room);
      slices.push(slice);
      room -= slice.end - slice.start;
      if (room > 0) continue;
      yield concatSlices(slices);
      slices = [];
      room = rows;
      runs = runs.filter(({ position, keys }) => position < keys.length);
    }
  }
  if (slices.length > 0) yield concatSlices(slices);
}

/** By their first rows. */
async function waitingGroups(file: ParquetFile): Promise<WaitingGroup[]> {
  const groups: WaitingGroup[] = [];
  for (const [index, { rows, min }] of file.rowGroups.entries()) {
    if (rows > 0) groups.push({ index, min: min ?? (await leastKey(file, index)) });
  }
  return groups.sort((a, b) => a.min - b.min || a.index - b.index);
}

/** For groups whose footer does not tell. */
async function leastKey(file: ParquetFile, index: number): Promise<number> {
  const [table] = await readRowGroups(file, [index], [file.schema.orderBy]);
  const column = table?.columns[0];
  if (column?.kind !== 'number') throw new RangeError(`${file.schema.orderBy} is no column of numbers`);
  return column.values.reduce((least, key) => Math.min(least, key), Number.POSITIVE_INFINITY);
}

async function openRun(
  file: ParquetFile,
  { index, min }: WaitingGroup,
  keepRow: ((row: Row) => boolean) | undefined,
): Promise<SortedRun> {
  const { schema } = file;
  const [group] = await readRowGroups(file, [index], columnNames(schema));
  if (group === undefined) throw new RangeError(`there is no row group ${index}`);
  const sorted = sortTable(schema, group);
  const first = orderKeys(schema, sorted)[0] ?? min;
  if (first < min) {
    const problem = `${schema.orderBy} is ${first} in a row, and the least is told to be ${min}`;
    throw placedError(`row group ${index}`, new CorruptParquetError(problem));
  }
  const table = keepRow === undefined ? sorted : filterRows(file, sorted, keepRow);
  return { table, keys: orderKeys(schema, table), order: index, position: 0 };
}

function filterRows({ schema }: ParquetFile, table: Table, keepRow: (row: Row) => boolean): Table {
  const kept = new Int32Array(table.rows);
  let count = 0;
  let place = 0;
  for (const row of rowsOf(schema, table)) {
    if (keepRow(row)) {
      kept[count] = place;
      count += 1;
    }
    place += 1;
  }
  return count === table.rows ? table : takeRows(table, kept.subarray(0, count));
}
