/** What DuckDB, hyparquet and parquetjs-lite in this process find in the files that this package makes. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Row, Value } from '../src/index.ts';
import { VISIT_SCHEMA } from '../src/testing/index.ts';
import { askDuckDb, connectDuckDb } from './readers/duckdb.ts';
import { rightFindings, tellingFilters } from './readers/filters.ts';
import { withRoundedStatistics } from './readers/rounded-statistics.ts';
import { sampleFiles } from './readers/sample-files.ts';
import { COLUMN_NAMES, columnIndex, timestampOf } from './readers/visit-events.ts';
import { readByParquetjs } from './support/foreign.ts';
import { rowsByHyparquet } from './support/hyparquet.ts';
import { expectRows } from './support/rows.ts';

const samples = await sampleFiles();

describe('DuckDB', () => {
  let folder: string;
  let duckDb: DuckDBConnection;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-readers-'));
    duckDb = await connectDuckDb();
  });
  afterAll(async () => {
    duckDb.closeSync();
    await rm(folder, { recursive: true, force: true });
  });

  async function found(bytes: Uint8Array, rows: readonly Row[]) {
    const path = join(folder, 'file.parquet');
    await writeFile(path, bytes);
    return await askDuckDb(duckDb, path, tellingFilters(rows));
  }

  test.each(samples)('finds every row of a file $name, by every filter', async ({ bytes, rows }) => {
    expect(await found(bytes, rows)).toEqual(rightFindings(rows, tellingFilters(rows)));
  });

  test('would have lost rows by statistics that are not exact', async () => {
    const [sample] = samples;
    if (sample === undefined) throw new Error('there are no files');
    const rounded = withRoundedStatistics(sample.bytes, Math.max(...sample.rows.map(timestampOf)));
    expect(await found(rounded, sample.rows)).toMatchObject({
      rows: sample.rows.length,
      counts: { 'the newest microsecond': 0 },
    });
  });
});

describe('hyparquet', () => {
  // It is given no other codecs than Snappy and Zstandard.
  const readable = samples.filter(({ name }) => !/lz4|gzip|brotli/.test(name));

  test.each(readable)('finds every row of a file $name', async ({ bytes, rows }) => {
    expectRows(await rowsByHyparquet(bytes, VISIT_SCHEMA), rows);
  });
});

describe('parquetjs-lite', () => {
  const timestamp = columnIndex('timestamp');
  const inDefaultProfile = samples.filter(({ plainProfile }) => plainProfile);

  test.each(inDefaultProfile)(
    'finds every row of a file $name, with times in milliseconds',
    async ({ bytes, rows }) => {
      const cut = (row: Row) => row.with(timestamp, timestampOf(row) - (timestampOf(row) % 1_000));
      expectRows((await readByParquetjs(bytes)).map(rowOf), rows.map(cut));
    },
  );
});

/** Of what parquetjs-lite gives: dates, and no nulls. */
function rowOf(record: Readonly<Record<string, unknown>>): Row {
  return COLUMN_NAMES.map((name) => {
    const value = record[name] ?? null;
    return value instanceof Date ? value.getTime() * 1_000 : (value as Value);
  });
}
