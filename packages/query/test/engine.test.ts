import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DATASET_TABLES, duckdbType, glueColumns } from '../src/datasets/columns.ts';
import type { Engine } from '../src/engine/engine.ts';
import { ask, firstColumn, readParquet, rowsOf, useTestFolder } from './support/checkpoint.ts';
import { isoMicros, type VisitEvent, visitEvents } from './support/visit-events.ts';

const { 'visit-events': EVENTS } = DATASET_TABLES;
const folder = useTestFolder();

const EVENT: VisitEvent = {
  action: 'submit',
  study: 'adrc',
  pipeline_adcid: 7,
  project_label: 'ingest-form',
  center_label: 'alpha',
  gear_name: 'gear',
  ptid: '110001',
  visit_date: '2026-01-31',
  visit_number: null,
  datatype: 'form',
  module: 'UDS',
  packet: null,
  timestamp: Date.UTC(2026, 10, 22, 10) * 1_000 + 123_456,
};

describe('the views', () => {
  test('have their columns and types when there is no file', async () => {
    const engine = await folder().open({});
    for (const { table, columns } of Object.values(DATASET_TABLES)) {
      const result = await ask(engine, `SELECT * FROM ${table}`);
      const wanted = columns.map(({ name, type }) => `${name} ${duckdbType(type)}`);
      const types = result.columns.map(({ name, type }) => `${name} ${String(type)}`);
      expect(types.map((text) => text.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'))).toEqual(wanted);
      expect(await rowsOf(engine, `SELECT * FROM ${table}`)).toEqual([]);
    }
  });

  test('show every row of every file, and no folder as a column', async () => {
    const file = await folder().writeRows('deliveries/dt=2026-11-22/a.parquet', EVENTS, [{ ...EVENT }, { ...EVENT }]);
    const other = await folder().writeRows('b.parquet', EVENTS, [{ ...EVENT, ptid: 'other', packet: 'I' }]);
    const engine = await folder().open({ visit_events: [file, other] });
    const { timestamp, ...rest } = EVENT;
    const row = { ...rest, timestamp: isoMicros(timestamp) };
    expect(await rowsOf(engine, 'SELECT * FROM visit_events ORDER BY ptid')).toEqual([
      row,
      row,
      { ...row, ptid: 'other', packet: 'I' },
    ]);
  });

  test('give back the rows that were written', async () => {
    // Many at once: opening an engine takes longer than all the rest.
    const many = fc.array(visitEvents, { minLength: 20, maxLength: 40 }).map((some) => some.flat());
    await fc.assert(
      fc.asyncProperty(many, async (events) => {
        const file = await folder().writeRows(
          'events.parquet',
          EVENTS,
          events.map((event) => ({ ...event })),
        );
        const engine = await folder().open({ visit_events: [file] });
        const rows = await rowsOf(engine, 'SELECT * FROM visit_events');
        engine.close();
        const expected = events.map(({ timestamp, ...event }) => ({ ...event, timestamp: isoMicros(timestamp) }));
        expect(rows).toEqual(expected);
      }),
      { numRuns: 3 },
    );
  });

  test('match columns by name, leave out what is not theirs, and take types that fit', async () => {
    const list = (columns: Record<string, string>) =>
      Object.entries(columns)
        .map(([name, value]) => `${value} AS ${name}`)
        .join(', ');
    const required = Object.fromEntries(
      EVENTS.columns.filter(({ nullable }) => !nullable).map(({ name }) => [name, "'x'"]),
    );
    const naive = { ...required, pipeline_adcid: '5::BIGINT', timestamp: "TIMESTAMP '2026-01-01 00:00:00.000001'" };
    const file = await folder().writeParquet('a.parquet', `SELECT 1 AS more, ${list(naive)}`);
    const engine = await folder().open({ visit_events: [file] });
    const [row] = await rowsOf(engine, 'SELECT * FROM visit_events');
    expect(row).toMatchObject({ pipeline_adcid: 5, packet: null, timestamp: '2026-01-01T00:00:00.000001Z' });
    expect(Object.keys(row ?? {})).toEqual(EVENTS.columns.map(({ name }) => name));
  });

  test('need the columns that are never null', async () => {
    const file = await folder().writeParquet('a.parquet', "SELECT 'submit' AS action");
    await expect(folder().open({ visit_events: [file] })).rejects.toMatchObject({
      code: 'query-source',
      message: expect.stringMatching(/^the files of visit-events lack study, pipeline_adcid, /),
    });
  });

  test('name a file that is no Parquet file', async () => {
    const file = path.join(folder().path, 'bad.parquet');
    await writeFile(file, 'not a Parquet file, but long enough to be one');
    await expect(folder().open({ visit_events: [file] })).rejects.toMatchObject({
      code: 'query-source',
      message: expect.stringContaining('bad.parquet'),
    });
  });

  test('have row groups skipped by their statistics', async () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => ({ ...EVENT, timestamp: index * 1_000_000 }));
    const file = await folder().writeRows('a.parquet', EVENTS, rows);
    const engine = await folder().open({ visit_events: [file] });
    const plan = await rowsOf(
      engine,
      'EXPLAIN SELECT * FROM visit_events WHERE "timestamp" > TIMESTAMP \'1970-01-01 00:10:00\'',
    );
    // The condition is part of reading the file.
    expect(JSON.stringify(plan)).toMatch(/READ_PARQUET(?:(?!FILTER ).)*Filters:(?:(?!FILTER ).)*timestamp>/s);
  });
});

describe('the Glue columns', () => {
  test('are those of the views', () => {
    expect(glueColumns('visit-events')).toContainEqual({ name: 'timestamp', type: 'timestamp' });
    expect(glueColumns('deliveries')).toContainEqual({ name: 'total_ms', type: 'double' });
    expect(glueColumns('deliveries')).toContainEqual({ name: 'attempt', type: 'int' });
    for (const dataset of ['visit-events', 'deliveries'] as const) {
      expect(glueColumns(dataset).map(({ name }) => name)).toEqual(
        DATASET_TABLES[dataset].columns.map(({ name }) => name),
      );
    }
  });
});

describe('a statement', () => {
  let guarded: Engine;
  let here: string;
  const secretFolder = useTestFolder({ isShared: true });
  beforeAll(async () => {
    const file = await secretFolder().writeRows('visit-events/a.parquet', EVENTS, [{ ...EVENT }]);
    await secretFolder().writeParquet('secret.parquet', 'SELECT 42 AS secret');
    await writeFile(path.join(secretFolder().path, 'secret.csv'), 'a,b\n1,2\n');
    guarded = await secretFolder().open({ visit_events: [file] });
    here = secretFolder().path.replaceAll("'", "''");
  });

  const place = (text: string) => text.replaceAll('HERE', here);

  test.each([
    "SELECT * FROM read_parquet('HERE/secret.parquet')",
    "SELECT * FROM 'HERE/secret.parquet'",
    "SELECT * FROM read_parquet('HERE/visit-events/../secret.parquet')",
    "SELECT * FROM read_parquet('HERE/visit-events/a.parquet/../../secret.parquet')",
    "SELECT * FROM read_csv('HERE/secret.csv')",
    "SELECT * FROM read_text('HERE/secret.csv')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM parquet_metadata('HERE/secret.parquet')",
    "SELECT * FROM read_parquet('https://example.com/a.parquet')",
    "SELECT * FROM read_csv('http://127.0.0.1:9/a.csv')",
    "SELECT * FROM read_parquet('s3://bucket/a.parquet')",
    "SELECT * FROM duckdb_secrets(), read_text('/proc/self/environ')",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'HERE/out.csv'",
  ])('cannot reach other files or the network: %s', async (sql) => {
    await expect(rowsOf(guarded, place(sql))).rejects.toMatchObject({
      code: 'sql',
      message: expect.stringMatching(
        /disabled by configuration|not exist|requires the extension|Unknown file system|cannot be/,
      ),
    });
  });

  test.each([
    "COPY (SELECT 1) TO 'HERE/out.csv'",
    "ATTACH 'HERE/out.db' AS other",
    'CREATE TABLE mine AS SELECT 1',
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET threads = 1',
    'RESET enable_external_access',
    'SET enable_external_access = true',
    'PRAGMA enable_profiling',
    "EXPORT DATABASE 'HERE/out'",
    'DROP VIEW visit_events',
    'CALL pragma_version()',
  ])('can only read: %s', async (sql) => {
    await expect(rowsOf(guarded, place(sql))).rejects.toMatchObject({ code: 'sql' });
    expect(await rowsOf(guarded, 'SELECT count(*) AS n FROM visit_events')).toEqual([{ n: 1 }]);
    expect(await rowsOf(guarded, "SELECT current_setting('enable_external_access') AS is_open")).toEqual([
      { is_open: false },
    ]);
  });

  test('that fails half-way gives no rows', async () => {
    const engine = await folder().open({});
    const sql = "SELECT CASE WHEN i = 100000 THEN error('half-way') ELSE 'x' END AS v FROM range(200000) r(i)";
    await expect(ask(engine, sql)).rejects.toMatchObject({ code: 'sql', message: 'Invalid Input Error: half-way' });
  });

  test('need not make more rows than the limit, and has its own order', async () => {
    const engine = await folder().open({});
    const numbers = (sql: string, limit: number) => engine.query({ sql, values: [] }, limit).then(firstColumn);
    expect(await numbers('SELECT i FROM range(100000) r(i) ORDER BY hash(i) % 7, i DESC -- so', 4)).toEqual(
      await numbers('SELECT i FROM range(100000) r(i) ORDER BY hash(i) % 7, i DESC LIMIT 4', 100),
    );
    expect(await numbers('SELECT i FROM range(1000000000000) r(i);', 2)).toEqual([0n, 1n]);
    expect(await numbers('EXPLAIN SELECT 1', 1)).toHaveLength(1);
    expect(await numbers('SHOW TABLES', 1)).toEqual(['deliveries']);
  });

  test.each([
    ['SELECT 1 AS a; -- so', 1],
    ['SELECT 1 AS a; /* ; */ ', 1],
    ["SELECT '; -- so' AS a", '; -- so'],
    ["SELECT 'it''s; ' AS a -- don't;", "it's; "],
    ["SELECT $$it's;$$ AS a;", "it's;"],
    ['SELECT max(";") AS a FROM (SELECT 2 AS ";");', 2],
  ])('may end with a semicolon and a comment, also when it is limited: %s', async (sql, value) => {
    const engine = await folder().open({});
    expect(await engine.query({ sql, values: [] }, 5).then(firstColumn)).toEqual([value]);
  });

  test('is one', async () => {
    const engine = await folder().open({});
    await expect(rowsOf(engine, 'SELECT 1; SELECT 2')).rejects.toThrow('one statement at a time: this is 2');
    await expect(rowsOf(engine, '-- nothing\n/* at all */')).rejects.toThrow('there is no statement in it');
    expect(await rowsOf(engine, 'SELECT 1 AS a;')).toEqual([{ a: 1 }]);
  });

  test('may ask what there is', async () => {
    const engine = await folder().open({});
    expect(await rowsOf(engine, 'SHOW TABLES')).toEqual([{ name: 'deliveries' }, { name: 'visit_events' }]);
    expect(await rowsOf(engine, 'DESCRIBE visit_events')).toHaveLength(EVENTS.columns.length);
  });

  test('that is wrong is explained by DuckDB, with the place', async () => {
    const engine = await folder().open({});
    await expect(rowsOf(engine, 'SELECT acton\nFROM visit_events')).rejects.toMatchObject({
      code: 'sql',
      message: expect.stringMatching(/^Binder Error: [\s\S]*\n\nLINE 1: SELECT acton\n +\^$/),
    });
    await expect(rowsOf(engine, 'SELCT 1')).rejects.toThrow(/^Parser Error: syntax error/);
  });

  test('reads days and hours in UTC, whatever the time zone of the process', async () => {
    const file = await folder().writeRows('a.parquet', EVENTS, [
      { ...EVENT, timestamp: Date.UTC(2026, 0, 1) * 1_000 - 1 },
    ]);
    const engine = await folder().open({ visit_events: [file] });
    expect(await rowsOf(engine, 'SELECT CAST("timestamp" AS DATE) AS d FROM visit_events')).toEqual([
      { d: '2025-12-31' },
    ]);
  });

  test('spills what does not fit into memory to the scratch folder', async () => {
    const engine = await folder().open({}, { memoryLimit: '30MB' });
    const texts = "SELECT i, repeat('x', 100) || i AS t FROM range(200000) r(i)";
    const sorted = `SELECT t, row_number() OVER (ORDER BY hash(i)) AS place FROM (${texts})`;
    expect(await rowsOf(engine, `SELECT count(*) AS n, max(t) AS t FROM (${sorted})`)).toEqual([
      { n: 200_000, t: `${'x'.repeat(100)}99999` },
    ]);
  });
});

describe('a signal', () => {
  const ENDLESS = 'SELECT count(*) AS n FROM range(100000000000) a(i), range(1000) b(i) WHERE a.i % 7 = b.i';

  test('ends a statement that runs', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const engine = await folder().open({}, { signal: controller.signal });
    const running = rowsOf(engine, ENDLESS);
    setTimeout(() => controller.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
  });

  test('ends one that has just begun, and lets none begin', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const engine = await folder().open({}, { signal: controller.signal });
    const running = rowsOf(engine, ENDLESS);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(rowsOf(engine, 'SELECT 1')).rejects.toBe(reason);
    await expect(engine.writeParquet({ sql: 'SELECT 1', values: [] }, '/nowhere')).rejects.toBe(reason);
  });
});

describe('a Parquet file of a result', () => {
  test('has the rows, the types, and no more than the limit', async () => {
    const { path: here } = folder();
    const out = path.join(here, 'out.parquet');
    const engine = await folder().open({}, { writable: [out] });
    const sql =
      "SELECT i, TIMESTAMPTZ '2026-01-01 00:00:00.000001+00' AS t, CAST($1 AS VARCHAR) AS v FROM range(10) r(i);";
    await engine.writeParquet({ sql, values: ["o'x"] }, out, 3);
    expect(await readParquet(out)).toEqual({
      types: ['BIGINT', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR'],
      rows: [0, 1, 2].map((n) => [n, '2026-01-01T00:00:00.000001Z', "o'x"]),
    });
    await expect(engine.writeParquet({ sql: 'SELECT 1', values: [] }, path.join(here, 'x'))).rejects.toThrow(
      'disabled',
    );
    await expect(engine.writeParquet({ sql: "SELECT 1) TO 'x' --", values: [] }, out)).rejects.toMatchObject({
      code: 'sql',
    });
  });
});
