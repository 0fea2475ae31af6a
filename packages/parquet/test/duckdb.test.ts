import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { someVisits, VISIT_SCHEMA } from '../src/testing/index.ts';
import { append, compact, fileOf, open, rowsIn } from './support/files.ts';
import { expectRows } from './support/rows.ts';

let folder: string;
let duckdb: DuckDBConnection;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-parquet-'));
  duckdb = await (await DuckDBInstance.create()).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
});

afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

/** The rows of a query over the file, whose name is `file` in it. */
async function query(bytes: Uint8Array, sql: string): Promise<unknown[][]> {
  const file = path.join(folder, 'file.parquet');
  await writeFile(file, bytes);
  const reader = await duckdb.runAndReadAll(sql.replaceAll('file', `'${file}'`));
  return reader.getRowsJson();
}

const HOUR = 3_600_000_000;
const START = 1_700_000_000_000_000;
const MERGE = { smallRows: 100, smallGroups: 2, tailGroups: 8, targetRows: 5_000, targetBytes: 1_000_000 };

test('DuckDB finds the row of the newest and of the oldest microsecond, however the file has grown', async () => {
  let bytes = fileOf(VISIT_SCHEMA, [someVisits(500, START), someVisits(500, START + HOUR)]);
  const times = [START, START + HOUR].flatMap((first) => someVisits(500, first).map((row) => Number(row.at(-1))));
  for (const [index, hour] of [2, 3, 0.5, 4, 5].entries()) {
    const added = someVisits(60 + index, START + hour * HOUR + index);
    times.push(...added.map((row) => Number(row.at(-1))));
    ({ bytes } = await append(bytes, VISIT_SCHEMA, added, { merge: MERGE }));
  }
  for (const version of [bytes, await compact(bytes, VISIT_SCHEMA, { rowGroupRows: 300 })]) {
    for (const time of [Math.max(...times), Math.min(...times)]) {
      const sql = `SELECT count(*) FROM file WHERE timestamp = make_timestamptz(${time})`;
      expect(await query(version, sql)).toEqual([['1']]);
    }
    expect(await query(version, 'SELECT count(*), count(visit_number) FROM file')).toEqual([
      [String(times.length), String((await rowsIn(version, VISIT_SCHEMA)).filter((row) => row[8] !== null).length)],
    ]);
  }
});

test('DuckDB sees texts, whole numbers and times in UTC', async () => {
  const types = await query(fileOf(VISIT_SCHEMA, [someVisits(1)]), 'DESCRIBE SELECT * FROM file');
  const expected = { string: 'VARCHAR', int32: 'INTEGER', double: 'DOUBLE', timestamp: 'TIMESTAMP WITH TIME ZONE' };
  expect(types.map(([name, type]) => [name, type])).toEqual(
    VISIT_SCHEMA.columns.map(({ name, type }) => [name, expected[type]]),
  );
});

test.each([['snappy'], ['zstd'], ['gzip'], ['brotli'], ['uncompressed']])(
  'a file by DuckDB with %s pages is read, appended to and compacted',
  async (codec) => {
    const rows = someVisits(3_000, START);
    const file = path.join(folder, `${codec}.parquet`);
    const source = path.join(folder, 'source.parquet');
    await writeFile(source, fileOf(VISIT_SCHEMA, [rows]));
    await duckdb.run(`COPY (FROM '${source}') TO '${file}' (FORMAT parquet, COMPRESSION ${codec})`);
    const before = await readFile(file);
    const added = someVisits(100, START + HOUR);
    const { bytes } = await append(before, VISIT_SCHEMA, added);
    expectRows(await rowsIn(bytes, VISIT_SCHEMA), [...rows, ...added]);
    const after = await compact(bytes, VISIT_SCHEMA);
    expect((await open(after, VISIT_SCHEMA)).rowGroups.length).toBe(1);
    const digest = 'SELECT count(*), sum(hash(COLUMNS(*)))::VARCHAR FROM file';
    expect(await query(after, digest)).toEqual(await query(bytes, digest));
  },
);
