/** From the flags of `query` to what is to be done: every problem at once. */

import { availableParallelism, totalmem } from 'node:os';
import { ConfigError } from '@millrace/core';
import type { Io } from '../io.ts';
import { readSource, type Source } from './query-source.ts';

export const FORMATS = ['table', 'json', 'csv', 'arrow', 'parquet', 'chart'] as const;
export type Format = (typeof FORMATS)[number];

/** As they were given. */
export interface QueryFlags {
  readonly source: string;
  readonly endpoint?: string;
  readonly param?: readonly string[];
  readonly describe?: boolean;
  readonly format?: Format;
  readonly json?: boolean;
  readonly output?: string;
  readonly limit?: number;
  readonly memory?: string;
  readonly threads?: number;
}

export interface QueryPlan {
  readonly source: Source;
  readonly format: Format;
  /** A file; undefined: standard output. */
  readonly output: string | undefined;
  /** Rows. */
  readonly limit: number;
  readonly memoryLimit: string;
  readonly threads: number;
}

const BINARY: ReadonlySet<Format> = new Set(['arrow', 'parquet']);
/** Rows, when no limit is given: of what is held in memory as a whole, and for people. */
const ROWS: Readonly<Partial<Record<Format, number>>> = { table: 1_000, chart: 10_000 };
const MIB = 2 ** 20;

/** @throws ConfigError with every problem */
export function readPlan(flags: QueryFlags, io: Io): QueryPlan {
  const problems: string[] = [];
  const format = formatOf(flags);
  if (flags.json === true && format !== 'json') problems.push(`--json cannot be used with --format ${format}`);
  if (BINARY.has(format) && flags.output === undefined && io.stdout.isTTY === true) {
    problems.push(`--format ${format} is not for a terminal: give --output FILE, or send it through a pipe`);
  }
  if (flags.output === '') problems.push('--output must name a file');
  const source = readSource(flags, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    source,
    format,
    output: flags.output,
    limit: flags.limit ?? ROWS[format] ?? Number.POSITIVE_INFINITY,
    memoryLimit: flags.memory ?? `${Math.floor(totalmem() / 2 / MIB)}MiB`,
    threads: flags.threads ?? availableParallelism(),
  };
}

function formatOf({ format, json }: QueryFlags): Format {
  return format ?? (json === true ? 'json' : 'table');
}
