/**
 * Runs every query of the pack on Trino, the engine family behind Athena, and in DuckDB over the same Parquet files, and
 * compares the rows: with timestamps in milliseconds, as Athena reads them, and in microseconds.
 *
 * `pnpm test:athena [--source DIR] [--trino URL]`: a checkpoint folder (default: one of random rows), a Trino that runs.
 */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { DATASET_TABLES, type DatasetTable, glueColumns } from '../../src/datasets/columns.ts';
import { viewStatement } from '../../src/engine/views.ts';
import type { NamedQuery } from '../../src/named-query/named-query.ts';
import { loadPack } from '../../src/named-query/pack.ts';
import { type ParameterValues, readParameterValues } from '../../src/named-query/parameters.ts';
import { athenaLiteral, prepareForAthena, renderForAthena, renderForDuckdb } from '../../src/named-query/render.ts';
import { toJson } from '../../src/output/values.ts';
import { listLocalFiles } from '../../src/source/local-files.ts';
import { differences, type Row } from './compare.ts';
import { writeSample } from './sample.ts';
import { connectTrino, startTrino, type Trino, type TrinoResult } from './trino.ts';

/** Given to the queries that have them, one set after the other. */
const GIVEN: readonly Readonly<Record<string, string>>[] = [
  { ptid: '110001' },
  { ptid: '110002', study: 'adrc', datatype: 'form', sender: 'billing' },
  { ptid: '110001', adcid: '1', module: 'UDS', packet: 'I', target: 'https://a.example' },
  { ptid: "o'nobody", study: "o'study", sender: "o'sender", action: 'submit' },
  { ptid: '110001', from: '2026-01-31T00:00:00.000499Z', to: '2026-11-22T23:00:00Z', outcome: 'retry' },
  { ptid: '110001', visit_from: '2024-03-01', visit_to: '2026-01-30', visit_date: '2026-01-29' },
];

const PRECISIONS = [
  { digits: 3, name: 'MILLISECONDS' },
  { digits: 6, name: 'MICROSECONDS' },
] as const;
type Precision = (typeof PRECISIONS)[number];
type Run = (sql: string) => Promise<TrinoResult>;

const { values: flags } = parseArgs({ options: { source: { type: 'string' }, trino: { type: 'string' } } });
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-athena-'));
try {
  const source = flags.source ?? path.join(folder, 'checkpoint');
  if (flags.source === undefined) await writeSample(source);
  process.exitCode = (await compareAll(source)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`test:athena could not run: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compareAll(source: string): Promise<boolean> {
  const trino = flags.trino === undefined ? await startTrino() : connectTrino(flags.trino);
  try {
    let failures = 0;
    for (const precision of PRECISIONS) failures += await compareAt(trino, source, precision);
    return failures === 0;
  } finally {
    await trino.stop();
  }
}

/** The number of queries whose rows differ. */
async function compareAt(trino: Trino, source: string, precision: Precision): Promise<number> {
  const schema = `hive.millrace_${process.pid}_${precision.digits}`;
  const run: Run = (sql) => trino.run(sql, precision.name);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await run(`CREATE SCHEMA ${schema} WITH (location = 'local://${folder}/${precision.name}')`);
  try {
    for (const table of Object.values(DATASET_TABLES)) {
      const files = await listLocalFiles(source, table.dataset);
      if (files.length === 0) throw new Error(`${source} has no ${table.dataset}`);
      await createDuckdbTable(connection, table, files, precision);
      await createTrinoTable(run, schema, table, files, precision);
    }
    let failed = 0;
    for (const query of loadPack()) if (!(await compareQuery(run, schema, connection, query, precision))) failed += 1;
    return failed;
  } finally {
    for (const { table } of Object.values(DATASET_TABLES)) await run(`DROP TABLE IF EXISTS ${schema}.${table}`);
    await run(`DROP SCHEMA ${schema}`);
    connection.closeSync();
    instance.closeSync();
  }
}

/** The view of `millrace query`; in milliseconds, with timestamps rounded as Trino rounds them. */
async function createDuckdbTable(
  connection: DuckDBConnection,
  table: DatasetTable,
  files: readonly string[],
  { digits }: Precision,
): Promise<void> {
  const names = table.columns.map(({ name }) => name);
  const exact = `${table.table}_exact`;
  await connection.run(viewStatement({ table: { ...table, table: exact }, files }, names));
  const time = table.columns.find(({ type }) => type === 'timestamp')?.name ?? '';
  const rounded = `make_timestamptz(CAST(floor((epoch_us("${time}") + 500) / 1000) AS BIGINT) * 1000)`;
  const columns = digits === 3 ? `* REPLACE (${rounded} AS "${time}")` : '*';
  await connection.run(`CREATE VIEW ${table.table} AS SELECT ${columns} FROM ${exact}`);
}

/** Trino's file metastore looks into no folders below a table's, as Athena does: the files are copied side by side. */
async function createTrinoTable(
  run: Run,
  schema: string,
  { dataset, table }: DatasetTable,
  files: readonly string[],
  { digits, name: precision }: Precision,
): Promise<void> {
  const location = path.join(folder, 'flat', precision, dataset);
  mkdirSync(location, { recursive: true });
  for (const [index, file] of files.entries()) copyFileSync(file, path.join(location, `${index}.parquet`));
  const types: Readonly<Record<string, string>> = { string: 'varchar', timestamp: `timestamp(${digits})` };
  const columns = glueColumns(dataset).map(({ name, type }) => `"${name}" ${types[type] ?? type}`);
  await run(
    `CREATE TABLE ${schema}.${table} (${columns.join(', ')}) WITH (external_location = 'local://${location}', format = 'PARQUET')`,
  );
}

async function compareQuery(
  run: Run,
  schema: string,
  connection: DuckDBConnection,
  query: NamedQuery,
  precision: Precision,
): Promise<boolean> {
  const inSchema = (sql: string) =>
    sql.replaceAll(`FROM ${query.table.table}`, `FROM ${schema}.${query.table.table} AS ${query.table.table}`);
  const problems: string[] = [];
  let compared = 0;
  for (const values of valuesFor(query)) {
    const { names, rows } = await askDuckdb(connection, query, values);
    compared += rows.length;
    const whole = renderForAthena(query, values);
    for (const sql of precision.digits === 3 ? [whole, executeText(query, values)] : [whole]) {
      try {
        problems.push(...differences(await run(inSchema(sql)), names, rows));
      } catch (error) {
        problems.push(`Trino: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const verdict = problems.length === 0 ? 'same' : 'DIFFERENT';
  process.stdout.write(`${verdict.padEnd(9)}  ${precision.name.toLowerCase()}  ${query.name}  ${compared} rows\n`);
  for (const problem of problems.slice(0, 5)) process.stdout.write(`           ${problem}\n`);
  return problems.length === 0;
}

/** Without anything, and with what of each set the query has. */
function valuesFor(query: NamedQuery): ParameterValues[] {
  const known = new Set(query.parameters.map(({ name }) => name));
  const pairs = GIVEN.map((given) => Object.entries(given).filter(([name]) => known.has(name)));
  const distinct = new Map(
    pairs.map((some) => [JSON.stringify(some), some.map(([name, value]) => `${name}=${value}`)]),
  );
  return [...distinct.values()].map((given) => readParameterValues(query.parameters, given, 0));
}

/** The prepared form, as Athena runs it with execution parameters. */
function executeText(query: NamedQuery, values: ParameterValues): string {
  const { sql, parameters } = prepareForAthena(query);
  const literals = parameters.map((name) => {
    const type = query.parameters.find((parameter) => parameter.name === name)?.type ?? 'string';
    return athenaLiteral(type, values.get(name) ?? null);
  });
  return `EXECUTE IMMEDIATE '${sql.replaceAll("'", "''")}' USING ${literals.join(', ')}`;
}

async function askDuckdb(
  connection: DuckDBConnection,
  query: NamedQuery,
  values: ParameterValues,
): Promise<{ readonly names: readonly string[]; readonly rows: readonly Row[] }> {
  const statement = renderForDuckdb(query, values);
  const result = await connection.run(statement.sql, statement.values as DuckDBValue[]);
  const rows = await result.getRows();
  return { names: result.columnNames(), rows: rows.map((row) => row.map(toJson)) };
}
