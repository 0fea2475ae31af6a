/** Files of every kind that this package makes, with the rows that they must have. */

import { type Codec, type Row, writeParquet } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { ACCEPTED, fixtureFile } from '../fixtures/catalogue.ts';
import { FIXTURES_START, fixtureRows } from '../fixtures/rows.ts';
import { append, compact, rowsIn } from '../support/files.ts';
import { tableOf } from './tables.ts';
import { byTimestamp, MEAN_STEP, timestampOf, visitEvents } from './visit-events.ts';

export interface SampleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** In the order of the file. */
  readonly rows: readonly Row[];
  /** Of our profile as it is by default, and of nothing else: what every reader is meant to know. */
  readonly plainProfile: boolean;
}

const NEW_ROWS = 10;
const baseRows = fixtureRows();

/** Of one append after the other; a fifth of them are late. */
function newRows(number: number): Row[] {
  const start = FIXTURES_START + (baseRows.length + number * NEW_ROWS) * MEAN_STEP;
  return [...visitEvents(NEW_ROWS, { seed: 1_000 + number, start, late: 0.2 })];
}

function written(codec: Codec): Uint8Array {
  const groups = [baseRows.slice(0, 80), baseRows.slice(80, 160), baseRows.slice(160)];
  return writeParquet(VISIT_SCHEMA, groups.map(tableOf), { codec });
}

/**
 * Each file's rows are known without the file being read, but for where a merge has put them: that is read from the file,
 * and its rows are compared with those that were put in.
 */
export async function sampleFiles(): Promise<SampleFile[]> {
  const files: SampleFile[] = [];
  const add = async (name: string, bytes: Uint8Array, rows: readonly Row[], plainProfile: boolean) => {
    const inOrder = await rowsIn(bytes, VISIT_SCHEMA);
    if (key(inOrder) !== key(rows)) throw new Error(`${name}: the file has other rows than were put in`);
    files.push({ name, bytes, rows: inOrder, plainProfile });
  };
  await add('as written', written('snappy'), baseRows, true);
  await add('as written, zstd', written('zstd'), baseRows, false);
  await add('empty', writeParquet(VISIT_SCHEMA, []), [], true);

  let bytes = written('snappy');
  const rows = [...baseRows];
  let merges = 0;
  for (let number = 1; number <= 40; number++) {
    const more = newRows(number);
    const grown = await append(bytes, VISIT_SCHEMA, more);
    ({ bytes } = grown);
    rows.push(...more);
    if ([1, 5, 40].includes(number))
      await add(number === 1 ? 'appended once' : `appended ${number} times`, bytes, rows, true);
    if (grown.rewrite.merged > 0 && merges === 0) await add('merged at its end', bytes, rows, true);
    merges += grown.rewrite.merged;
  }
  if (merges === 0) throw new Error('no append merged anything');
  await add('merged behind groups that stay', ...(await mergedBehind(written('snappy'))), true);
  await add('compacted', await compact(bytes, VISIT_SCHEMA), rows, true);

  for (const fixture of ACCEPTED) {
    const { bytes: grown } = await append(fixtureFile(fixture.name), VISIT_SCHEMA, newRows(0));
    const all = [...fixture.rows, ...byTimestamp(newRows(0))];
    files.push({ name: `${fixture.name}, appended`, bytes: grown, rows: all, plainProfile: false });
  }
  return files;
}

/** Two of the three row groups of the base are kept. */
async function mergedBehind(base: Uint8Array): Promise<[Uint8Array, readonly Row[]]> {
  const merge = { smallRows: 60, smallGroups: 3, tailGroups: 100, targetRows: 10_000, targetBytes: 2 ** 30 };
  const once = await append(base, VISIT_SCHEMA, newRows(1), { merge: 'never' });
  const twice = await append(once.bytes, VISIT_SCHEMA, newRows(2), { merge: 'never' });
  const merged = await append(twice.bytes, VISIT_SCHEMA, newRows(3), { merge });
  if (merged.rewrite.merged !== 40 + 2 * NEW_ROWS) throw new Error(`the append merged ${merged.rewrite.merged} rows`);
  return [merged.bytes, [...baseRows, ...newRows(1), ...newRows(2), ...newRows(3)]];
}

/** The same for the same rows, in whatever order. */
function key(rows: readonly Row[]): string {
  return rows
    .map((row) => `${timestampOf(row)} ${JSON.stringify(row)}`)
    .sort()
    .join('\n');
}
