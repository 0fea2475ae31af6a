/** The tables of the pack as tables in memory, filled anew for each try, and its queries over them, prepared once. */

import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  DuckDBTimestampTZValue,
  type DuckDBValue,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { type ColumnType, DATASET_TABLES, type DatasetTable, duckdbType } from '../../src/datasets/columns.ts';
import type { NamedQuery } from '../../src/named-query/named-query.ts';
import type { ParameterValues } from '../../src/named-query/parameters.ts';
import { renderForDuckdb } from '../../src/named-query/render.ts';
import { type JsonValue, toJson } from '../../src/output/values.ts';

/** Timestamps are microseconds. At most 2,048 rows at a time. */
export type PlainRow = { readonly [column: string]: string | number | null };

export interface MemoryTables {
  readonly connection: DuckDBConnection;
  /** Puts these rows in place of those that are there. */
  fill(table: DatasetTable, rows: readonly PlainRow[]): Promise<void>;
  ask(query: NamedQuery, values: ParameterValues): Promise<Record<string, JsonValue>[]>;
  close(): void;
}

export async function openMemoryTables(): Promise<MemoryTables> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  for (const table of Object.values(DATASET_TABLES)) await connection.run(createTable(table));
  const prepared = new Map<string, DuckDBPreparedStatement>();
  return {
    connection,
    async fill(table, rows) {
      await connection.run(`TRUNCATE ${table.table}`);
      await appendRows(connection, table, rows);
    },
    async ask(query, values) {
      const statement = renderForDuckdb(query, values);
      const ready = prepared.get(query.name) ?? (await connection.prepare(statement.sql));
      prepared.set(query.name, ready);
      ready.bind(statement.values as DuckDBValue[]);
      const result = await ready.run();
      const names = result.columnNames();
      const rows = await result.getRows();
      return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, toJson(row[index] ?? null)])));
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function createTable({ table, columns }: DatasetTable): string {
  const list = columns.map(({ name, type, nullable }) => `"${name}" ${duckdbType(type)}${nullable ? '' : ' NOT NULL'}`);
  return `CREATE TABLE ${table} (${list.join(', ')})`;
}

export async function appendRows(
  connection: DuckDBConnection,
  { table, columns }: DatasetTable,
  rows: readonly PlainRow[],
): Promise<void> {
  const chunk = DuckDBDataChunk.create(columns.map(({ type }) => DUCKDB_TYPES[type]));
  chunk.setRows(rows.map((row) => columns.map(({ name, type }) => toDuckdb(row[name] ?? null, type))));
  const appender = await connection.createAppender(table);
  appender.appendDataChunk(chunk);
  appender.closeSync();
}

const DUCKDB_TYPES = { string: VARCHAR, int32: INTEGER, double: DOUBLE, timestamp: TIMESTAMPTZ };

function toDuckdb(value: string | number | null, type: ColumnType): DuckDBValue {
  return value === null || type !== 'timestamp' ? value : new DuckDBTimestampTZValue(BigInt(value));
}
