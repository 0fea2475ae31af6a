/** Files that other programs made, as the base of a checkpoint: added to, or refused; never damaged. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Row } from '../src/index.ts';
import { VISIT_SCHEMA } from '../src/testing/visit-events.ts';
import { ACCEPTED, fixtureFile, REFUSED } from './fixtures/catalogue.ts';
import { askDuckDb, connectDuckDb } from './readers/duckdb.ts';
import { rightFindings, tellingFilters } from './readers/filters.ts';
import { byTimestamp, visitEvents } from './readers/visit-events.ts';
import { append, open, rowsIn } from './support/files.ts';
import { expectRows, expectSameRows } from './support/rows.ts';

let folder: string;
let duckDb: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  duckDb = await connectDuckDb();
});
afterAll(async () => {
  duckDb.closeSync();
  await rm(folder, { recursive: true, force: true });
});

/** Some of them late: between the rows of the fixtures, and before them. */
const NEW_ROWS = byTimestamp([
  ...visitEvents(40, { seed: 7, start: Date.UTC(2024, 1, 28, 22, 59) * 1_000, step: 20_000_000 }),
]);

/** What DuckDB finds by the filters that tell whether the file's statistics are exact. */
async function foundByDuckDb(name: string, bytes: Uint8Array, rows: readonly Row[]) {
  const path = join(folder, `${name}.parquet`);
  await writeFile(path, bytes);
  return await askDuckDb(duckDb, path, tellingFilters(rows));
}

describe.each(ACCEPTED)('a file as $name', ({ name, rows, readable }) => {
  const base = fixtureFile(name);

  test('has the rows that were written', async () => {
    if (readable) {
      expectRows(await rowsIn(base, VISIT_SCHEMA), rows);
    } else {
      await expect(rowsIn(base, VISIT_SCHEMA)).rejects.toThrow(
        /^row group 0: the column action has the codec LZ4_RAW$/,
      );
    }
  });

  test('takes new rows, and keeps the bytes of the old ones where they are', async () => {
    const original = Buffer.from(base);
    const { rowGroups } = await open(base, VISIT_SCHEMA);
    const grown = await append(base, VISIT_SCHEMA, NEW_ROWS);
    const all = [...rows, ...NEW_ROWS];
    expect(original.equals(base)).toBe(true);
    expect(grown.rewrite.merged).toBe(0);
    for (const { start, end } of rowGroups) {
      expect(original.subarray(start, end).equals(grown.bytes.subarray(start, end))).toBe(true);
    }
    if (readable) expectRows(await rowsIn(grown.bytes, VISIT_SCHEMA), all);
    expect(await foundByDuckDb(name, grown.bytes, all)).toEqual(rightFindings(all, tellingFilters(all)));
  });

  test('takes new rows again and again, merges them where it can, and has all of them', async () => {
    let bytes = base;
    let merged = 0;
    const all = [...rows];
    for (let round = 0; round < 20; round++) {
      const more = NEW_ROWS.slice(2 * round, 2 * round + 2);
      const grown = await append(bytes, VISIT_SCHEMA, more);
      ({ bytes } = grown);
      merged += grown.rewrite.merged;
      all.push(...more);
    }
    // Of a file that cannot be read, what was added to it.
    expect(merged).toBeGreaterThan(0);
    if (readable) expectSameRows(await rowsIn(bytes, VISIT_SCHEMA), all);
    const { rows: count, counts } = await foundByDuckDb(name, bytes, all);
    expect(count).toBe(all.length);
    expect(counts).toEqual(rightFindings(all, tellingFilters(all)).counts);
  });
});

describe('a file that is no base', () => {
  test.each(Object.entries(REFUSED))('as %s is refused with the reason', async (name, reason) => {
    const opening = open(fixtureFile(name), VISIT_SCHEMA);
    await expect(opening).rejects.toMatchObject({ name: 'UnsupportedParquetError', message: reason });
  });

  test('is refused when it is encrypted', async () => {
    const magic = Buffer.from('PARE');
    const opening = open(Buffer.concat([magic, Buffer.alloc(100_000), magic]), VISIT_SCHEMA);
    await expect(opening).rejects.toMatchObject({ name: 'UnsupportedParquetError', message: 'the file is encrypted' });
  });
});
