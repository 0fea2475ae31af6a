/** Files that other programs made, as the base of a checkpoint: added to, or refused; never damaged. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bytesSource, openParquet, type Row } from '../src/index.ts';
import { ACCEPTED, fixtureFile, REFUSED } from './fixtures/catalogue.ts';
import { askDuckDb, connectDuckDb } from './readers/duckdb.ts';
import { rightFindings, tellingFilters } from './readers/filters.ts';
import { append, rowsOfFile } from './readers/grow.ts';
import { byTimestamp, timestampOf, VISIT_EVENTS, visitEvents } from './readers/visit-events.ts';

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
      expect(await rowsOfFile(base)).toEqual(rows);
    } else {
      await expect(rowsOfFile(base)).rejects.toThrow(/^row group 0: the column action has the codec (LZ4_RAW|BROTLI)$/);
    }
  });

  test('takes new rows, and keeps the bytes of the old ones where they are', async () => {
    const original = Buffer.from(base);
    const { rowGroups } = await openParquet(bytesSource(base), VISIT_EVENTS);
    const grown = await append(base, NEW_ROWS);
    const all = [...rows, ...NEW_ROWS];
    expect(original.equals(base)).toBe(true);
    expect(grown.merged).toBe(0);
    for (const { start, end } of rowGroups) {
      expect(original.subarray(start, end).equals(grown.bytes.subarray(start, end))).toBe(true);
    }
    if (readable) expect(await rowsOfFile(grown.bytes)).toEqual(all);
    expect(await foundByDuckDb(name, grown.bytes, all)).toEqual(rightFindings(all, tellingFilters(all)));
  });

  test('takes new rows again and again, merges them where it can, and has all of them', async () => {
    let bytes = base;
    let merged = 0;
    const all = [...rows];
    for (let round = 0; round < 20; round++) {
      const more = NEW_ROWS.slice(2 * round, 2 * round + 2);
      const grown = await append(bytes, more);
      ({ bytes } = grown);
      merged += grown.merged;
      all.push(...more);
    }
    // What cannot be read is not merged.
    expect(merged > 0).toBe(readable);
    if (readable) expect(sorted(await rowsOfFile(bytes))).toEqual(sorted(all));
    const { rows: count, counts } = await foundByDuckDb(name, bytes, all);
    expect(count).toBe(all.length);
    expect(counts).toEqual(rightFindings(all, tellingFilters(all)).counts);
  });
});

/** In an order that is the same for the same rows. */
function sorted(rows: readonly Row[]): string[] {
  return rows.map((row) => `${timestampOf(row)} ${JSON.stringify(row)}`).sort();
}

describe('a file that is no base', () => {
  test.each(Object.entries(REFUSED))('as %s is refused with the reason', async (name, reason) => {
    const opening = openParquet(bytesSource(fixtureFile(name)), VISIT_EVENTS);
    await expect(opening).rejects.toMatchObject({ name: 'UnsupportedParquetError', message: reason });
  });

  test('is refused when it is encrypted', async () => {
    const magic = Buffer.from('PARE');
    const opening = openParquet(bytesSource(Buffer.concat([magic, Buffer.alloc(100_000), magic])), VISIT_EVENTS);
    await expect(opening).rejects.toMatchObject({ name: 'UnsupportedParquetError', message: 'the file is encrypted' });
  });
});
