/**
 * DuckDB, in this process, over the files of a checkpoint and nothing else: after `openEngine` no statement can read or
 * write another file, reach the network, load an extension, or change these settings.
 */

import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api';
import { QuerySourceError, SqlError } from '../errors.ts';
import type { BoundStatement } from '../named-query/render.ts';
import { createInterrupter, type Interrupter } from './interrupter.ts';
import { describeError } from './native-errors.ts';
import { type QueryResult, streamResult } from './result.ts';
import { literal } from './sql-text.ts';
import { asPattern, missingColumns, readingFiles, type TableFiles, viewStatement } from './views.ts';

export interface EngineOptions {
  readonly tables: readonly TableFiles[];
  /** As DuckDB writes it: `2GB`. What does not fit is spilled to the scratch folder, where a query can. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** A folder that belongs to this engine alone. */
  readonly scratch: string;
  /** Files that `writeParquet` may write. */
  readonly writable?: readonly string[];
  /** Interrupts what runs; it then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** Every call throws `SqlError` for what DuckDB refuses, and the reason of the signal. */
export interface Engine {
  /** Begins a statement that only reads. Its rows are made as they are fetched. */
  query(statement: BoundStatement): Promise<QueryResult>;
  /** Writes the rows of a statement, or the first of them, to a file: Snappy, timestamps in microseconds. */
  writeParquet(statement: BoundStatement, file: string, limit?: number): Promise<void>;
  close(): void;
}

/** @throws QuerySourceError when a file cannot be read, or has not the columns of its table */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: options.memoryLimit,
    temp_directory: options.scratch,
    // There may be no network, and what it would bring has not been looked at.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    const interrupter = createInterrupter(connection, options.signal);
    // Days and hours begin in UTC, as they do in Athena.
    await connection.run("SET TimeZone = 'UTC'");
    for (const files of options.tables) await createView(connection, files);
    await lockDown(connection, options);
    return createEngine(instance, connection, interrupter);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

async function createView(connection: DuckDBConnection, tableFiles: TableFiles): Promise<void> {
  const { table, files } = tableFiles;
  try {
    const present = files.length === 0 ? [] : await columnsOf(connection, files);
    const missing = files.length === 0 ? [] : missingColumns(table, present);
    if (missing.length > 0) throw new QuerySourceError(`the files of ${table.dataset} lack ${missing.join(', ')}`);
    await connection.run(viewStatement(tableFiles, present));
  } catch (error) {
    if (error instanceof QuerySourceError) throw error;
    throw new QuerySourceError(`the files of ${table.dataset} cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}

async function columnsOf(connection: DuckDBConnection, files: readonly string[]): Promise<readonly string[]> {
  const prepared = await connection.prepare(`SELECT * FROM ${readingFiles(files)}`);
  return Array.from({ length: prepared.columnCount }, (_, index) => prepared.columnName(index));
}

async function lockDown(connection: DuckDBConnection, options: EngineOptions): Promise<void> {
  const files = options.tables.flatMap((table) => table.files);
  // DuckDB compares the text that it was given with the view, which is a pattern.
  const paths = [...files, ...files.map(asPattern), ...(options.writable ?? [])];
  await connection.run(`SET allowed_paths = [${[...new Set(paths)].map(literal).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

function createEngine(instance: DuckDBInstance, connection: DuckDBConnection, interrupter: Interrupter): Engine {
  async function prepare({ sql, values }: BoundStatement): Promise<DuckDBPreparedStatement> {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) throw new SqlError(`one statement at a time: this is ${statements.count}`);
    const prepared = await statements.prepare(0);
    if (!READING.has(prepared.statementType)) throw new SqlError('only statements that read are run here: SELECT …');
    prepared.bind(values as DuckDBValue[]);
    return prepared;
  }

  return {
    query: ({ sql, values }) =>
      interrupter.run(async () => {
        const prepared = await prepare({ sql, values });
        return streamResult(await prepared.stream(), interrupter);
      }),

    writeParquet: ({ sql, values }, file, limit = Number.POSITIVE_INFINITY) =>
      interrupter.run(async () => {
        await prepare({ sql, values });
        const all = sql.replace(/;\s*$/, '');
        const rows = Number.isFinite(limit) ? `SELECT * FROM (\n${all}\n) LIMIT ${limit}` : all;
        await connection.run(`COPY (\n${rows}\n) TO ${literal(file)} (FORMAT parquet)`, values as DuckDBValue[]);
      }),

    close: () => {
      interrupter.stop();
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const READING = new Set<StatementType>([StatementType.SELECT, StatementType.EXPLAIN]);
