/** A checkpoint folder for a test, removed after it, and an engine over it. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { DATASET_TABLES, type DatasetTable } from '../../src/datasets/columns.ts';
import { type Engine, type EngineOptions, openEngine } from '../../src/engine/engine.ts';
import type { QueryResult } from '../../src/engine/result.ts';
import { literal } from '../../src/engine/sql-text.ts';
import { asPattern } from '../../src/engine/views.ts';
import { jsonText } from '../../src/output/json.ts';
import { type JsonValue, toJson } from '../../src/output/values.ts';
import { appendRows, openMemoryTables, type PlainRow } from './memory-tables.ts';

export interface TestFolder {
  readonly path: string;
  /** Writes the answer to a statement of any kind into a file below the folder. */
  writeParquet(name: string, sql: string): Promise<string>;
  /** Writes rows of a table. */
  writeRows(name: string, table: DatasetTable, rows: readonly PlainRow[]): Promise<string>;
  /** An engine over these files, closed after the test. */
  open(files: Partial<Record<string, readonly string[]>>, options?: Partial<EngineOptions>): Promise<Engine>;
}

/** For each test, or for all tests of the surrounding `describe`. */
export function useTestFolder({ isShared = false } = {}): () => TestFolder {
  let folder = '';
  let engines: Engine[] = [];
  const [before, after] = isShared ? [beforeAll, afterAll] : [beforeEach, afterEach];
  before(async () => {
    // Such a name is legal, and full of what DuckDB takes for a pattern.
    folder = await mkdtemp(path.join(tmpdir(), "millrace [a]*?'"));
  });
  after(async () => {
    for (const engine of engines) engine.close();
    engines = [];
    await rm(folder, { recursive: true, force: true });
  });

  async function write(
    name: string,
    sql: string,
    fill: (tables: Awaited<ReturnType<typeof openMemoryTables>>) => Promise<void>,
  ) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    const tables = await openMemoryTables();
    await fill(tables);
    await tables.connection.run(`COPY (${sql}) TO ${literal(file)} (FORMAT parquet)`);
    tables.close();
    return file;
  }

  return () => ({
    path: folder,
    writeParquet: (name, sql) => write(name, sql, () => Promise.resolve()),
    writeRows: (name, table, rows) =>
      write(name, `SELECT * FROM ${table.table}`, ({ connection }) => appendRows(connection, table, rows)),
    async open(files, options = {}) {
      const scratch = path.join(folder, 'scratch');
      const tables = Object.values(DATASET_TABLES).map((table) => ({ table, files: files[table.table] ?? [] }));
      const signal = new AbortController().signal;
      const engine = await openEngine({ tables, memoryLimit: '500MB', threads: 1, scratch, signal, ...options });
      engines.push(engine);
      return engine;
    },
  });
}

export async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

export async function rowsOf(engine: Engine, sql: string): Promise<Record<string, unknown>[]> {
  return JSON.parse(await textOf(jsonText(await ask(engine, sql)))) as Record<string, unknown>[];
}

/** What any reader sees in a file. */
export async function readParquet(file: string): Promise<{ types: string[]; rows: JsonValue[][] }> {
  const tables = await openMemoryTables();
  try {
    const result = await tables.connection.run(`SELECT * FROM read_parquet(${literal(asPattern(file))})`);
    const rows = await result.getRows();
    return { types: result.columnTypes().map(String), rows: rows.map((row) => row.map(toJson)) };
  } finally {
    tables.close();
  }
}

export function ask(engine: Engine, sql: string): Promise<QueryResult> {
  return engine.query({ sql, values: [] });
}

export async function firstColumn(result: QueryResult): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const block of result.blocks) values.push(...(block[0] ?? []));
  return values;
}
