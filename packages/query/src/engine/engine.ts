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
import { type QueryResult, toQueryResult } from './result.ts';
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
  /**
   * Runs a statement that only reads, to its end: a result that DuckDB hands out while it is made does not tell an error
   * half-way from its end.
   *
   * @param limit more rows need not be made
   */
  query(statement: BoundStatement, limit?: number): Promise<QueryResult>;
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
    if (sql.replace(COMMENT, '').trim() === '') throw new SqlError('there is no statement in it');
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) throw new SqlError(`one statement at a time: this is ${statements.count}`);
    const prepared = await statements.prepare(0);
    if (!READING.has(prepared.statementType)) throw new SqlError('only statements that read are run here: SELECT …');
    prepared.bind(values as DuckDBValue[]);
    return prepared;
  }

  return {
    query: (statement, limit = Number.POSITIVE_INFINITY) =>
      interrupter.run(async () => {
        const prepared = await prepare(statement);
        const isCut = Number.isFinite(limit) && prepared.statementType === StatementType.SELECT;
        const some = isCut ? await prepare(limited(statement, limit)) : prepared;
        return toQueryResult(await some.run());
      }),

    writeParquet: (statement, file, limit = Number.POSITIVE_INFINITY) =>
      interrupter.run(async () => {
        await prepare(statement);
        const { sql, values } = Number.isFinite(limit) ? limited(statement, limit) : statement;
        // Into this very file: another beside it is not allowed.
        const rows = `COPY (\n${withoutEnd(sql)}\n) TO ${literal(file)} (FORMAT parquet, USE_TMP_FILE false)`;
        await connection.run(rows, values as DuckDBValue[]);
      }),

    close: () => {
      interrupter.stop();
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** The first rows, in the order of the statement: DuckDB keeps it. */
function limited({ sql, values }: BoundStatement, limit: number): BoundStatement {
  return { sql: `SELECT * FROM (\n${withoutEnd(sql)}\n) LIMIT ${limit}`, values };
}

/** Without the semicolon of the only statement, which may have a comment behind it. */
function withoutEnd(sql: string): string {
  return sql.replace(TOKENS, (token) => (token === ';' ? '' : token));
}

/** Texts, names, comments, in which a semicolon ends nothing; and semicolons. */
const TOKENS =
  /e'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--.*|\/\*[\s\S]*?\*\/|;/gi;
const COMMENT = /--.*|\/\*[\s\S]*?\*\//g;
const READING = new Set<StatementType>([StatementType.SELECT, StatementType.EXPLAIN]);
