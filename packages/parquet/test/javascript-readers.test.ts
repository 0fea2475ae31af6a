/** What DuckDB, hyparquet and parquetjs-lite in this process find in the files that this package makes. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askDuckDb, connectDuckDb } from './readers/duckdb.ts';
import { answerOf, rightAnswers, tellingFilters } from './readers/filters.ts';
import { readWithHyparquet, readWithParquetJs } from './readers/javascript-readers.ts';
import { withRoundedStatistics } from './readers/rounded-statistics.ts';
import { type SampleFile, sampleFiles } from './readers/sample-files.ts';
import { columnIndex, timestampOf } from './readers/visit-events.ts';

let samples: readonly SampleFile[];
let folder: string;
beforeAll(async () => {
  samples = await sampleFiles();
  folder = await mkdtemp(join(tmpdir(), 'millrace-readers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('DuckDB', () => {
  test('finds every row of every file, by every filter', async () => {
    const duckDb = await connectDuckDb();
    for (const [index, { name, bytes, rows }] of samples.entries()) {
      const path = join(folder, `${index}.parquet`);
      await writeFile(path, bytes);
      const filters = tellingFilters(rows);
      expect({ name, found: await askDuckDb(duckDb, path, filters) }).toEqual({
        name,
        found: rightAnswers(rows, filters),
      });
    }
    duckDb.closeSync();
  });

  test('would have lost rows by statistics that are not exact', async () => {
    const [sample] = samples;
    if (sample === undefined) throw new Error('there are no files');
    const duckDb = await connectDuckDb();
    const path = join(folder, 'rounded.parquet');
    await writeFile(path, withRoundedStatistics(sample.bytes, Math.max(...sample.rows.map(timestampOf))));
    const found = await askDuckDb(duckDb, path, tellingFilters(sample.rows));
    duckDb.closeSync();
    expect(found).toMatchObject({ all: answerOf(sample.rows), 'the newest microsecond': { rows: 0 } });
  });
});

describe('hyparquet', () => {
  test('finds every row of every file whose codec is at hand', async () => {
    for (const { name, bytes, rows } of samples.filter((file) => !file.name.includes('lz4'))) {
      expect({ name, rows: await readWithHyparquet(bytes) }).toEqual({ name, rows });
    }
  });
});

describe('parquetjs-lite', () => {
  test('finds every row of the files in the default profile, with timestamps in milliseconds', async () => {
    const timestamp = columnIndex('timestamp');
    const inMilliseconds = (row: SampleFile['rows'][number]) =>
      row.with(timestamp, Math.floor(timestampOf(row) / 1_000) * 1_000);
    for (const { name, bytes, rows } of samples.filter((file) => file.plainProfile)) {
      expect({ name, rows: await readWithParquetJs(bytes) }).toEqual({ name, rows: rows.map(inMilliseconds) });
    }
  });
});
