/** DuckDB in this process: what it finds in files. */

import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import type { Row } from '../../src/table-schema.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { digestOf, type Filter, type Findings } from './filters.ts';
import { COLUMN_NAMES } from './visit-events.ts';

export async function connectDuckDb(): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run("SET TimeZone = 'UTC'");
  return connection;
}

/** @param path of a file on this machine */
export async function askDuckDb(
  connection: DuckDBConnection,
  path: string,
  filters: readonly Filter[],
): Promise<Findings> {
  const columns = COLUMN_NAMES.map((name) => (name === VISIT_SCHEMA.orderBy ? `epoch_us("${name}")` : `"${name}"`));
  const file = `read_parquet(${quoted(path)})`;
  const rows = await rowsOfQuery(connection, `SELECT ${columns.join(', ')} FROM ${file}`);
  // Each has a scan of its own, with its own condition.
  const counts = filters.map((filter) => `(SELECT count(*) FROM ${file} WHERE ${conditionOf(filter)})`);
  const [found = []] = await rowsOfQuery(connection, `SELECT ${counts.join(', ')}`);
  return {
    rows: rows.length,
    digest: digestOf(rows),
    counts: Object.fromEntries(filters.map(({ name }, index) => [name, Number(found[index])])),
  };
}

async function rowsOfQuery(connection: DuckDBConnection, query: string): Promise<Row[]> {
  const result = await connection.runAndReadAll(query);
  return result.getRows().map((row) => row.map(plainValue));
}

/** As in SQL. */
function conditionOf({ column, op, value }: Filter): string {
  if (op === 'null') return `"${column}" IS NULL`;
  if (op === 'not-null') return `"${column}" IS NOT NULL`;
  return `"${column}" ${op} ${typeof value === 'number' && column === VISIT_SCHEMA.orderBy ? moment(value) : quoted(String(value))}`;
}

/** @param micros since the epoch */
function moment(micros: number): string {
  const milliseconds = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, -1);
  return `TIMESTAMPTZ '${milliseconds}${String(micros % 1_000).padStart(3, '0')}+00'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function plainValue(value: DuckDBValue): string | number | null {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`DuckDB gave a ${typeof value}`);
}
