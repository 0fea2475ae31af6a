/** What the measures of files share. */

import type { Row } from '../../cli/bench/delivery/report.ts';
import type { Workbench } from '../../cli/bench/delivery/workbench.ts';

/** How much is written, appended and so on; the short form shows that everything works, its numbers mean little. */
export interface ParquetSizes {
  /** Of the file that is appended to, and of the one that is written. */
  readonly baseRows: number;
  /** Of an append. */
  readonly newRows: number;
  readonly appends: number;
  /** How often a short measure is taken; its median counts. */
  readonly repeats: number;
  /** parquetjs-lite is given fewer rows: it would take a minute. */
  readonly parquetJsRows: number;
}

export const FULL: ParquetSizes = {
  baseRows: 1_000_000,
  newRows: 10_000,
  appends: 1_000,
  repeats: 5,
  parquetJsRows: 50_000,
};

export const QUICK: ParquetSizes = { baseRows: 50_000, newRows: 1_000, appends: 40, repeats: 1, parquetJsRows: 5_000 };

/** The part of new rows that lie up to a week before the others. */
export const LATE = 0.1;

export interface ParquetBench {
  readonly workbench: Workbench;
  readonly sizes: ParquetSizes;
  /** The Python to start, with Polars and DuckDB; undefined where it is not at hand. */
  readonly python: string | undefined;
  /** The path of a file that programs make, made at its first use. */
  prepared(name: string, make: (path: string) => Promise<void>): Promise<string>;
  /** For whoever watches. */
  say(text: string): void;
}

export type ParquetMeasure = (bench: ParquetBench) => Promise<readonly Row[]>;

/** What every program tells of its work, without its start. */
export interface Result {
  readonly seconds: number;
  /** User and system, of all threads: what is left of the time when other work disturbs it. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Of the file that it made. */
  readonly rows: number;
}

/** What `append-many` tells of each of its runs. Bytes and requests are what S3 would be sent. */
export interface AppendRun {
  readonly seconds: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly requests: number;
  /** Old rows that were written once more, merged with the new ones. */
  readonly merged: number;
  /** Of the file before the run. */
  readonly needsCompaction: boolean;
}

/** No program may take longer than this. */
const LONGEST_RUN_MS = 1_800_000;

/** Runs a program of `programs/` in a process of its own. */
export function runNode<R extends Result>(bench: ParquetBench, program: string, job: object): Promise<R> {
  return run(bench, process.execPath, [new URL(`programs/${program}.ts`, import.meta.url).pathname], job);
}

/** Runs what `references.py` has under a name, with a number of threads. */
export function runPython(bench: ParquetBench, name: string, threads: number, job: object): Promise<Result> {
  if (bench.python === undefined) throw new Error('no Python is at hand');
  const script = new URL('references.py', import.meta.url).pathname;
  const environment = { POLARS_MAX_THREADS: String(threads) };
  return run(bench, bench.python, ['-B', script, name], { ...job, threads }, environment);
}

async function run<R extends Result>(
  bench: ParquetBench,
  command: string,
  args: readonly string[],
  job: object,
  environment: NodeJS.ProcessEnv = {},
): Promise<R> {
  const child = bench.workbench.start(command, [...args, JSON.stringify(job)], { ...process.env, ...environment });
  const result: R = JSON.parse(await child.nextLine(LONGEST_RUN_MS));
  await child.end('SIGKILL');
  return result;
}

/** The result whose time is the median of several runs, with the greatest memory of all. */
export async function median<R extends Result>(times: number, once: () => Promise<R>): Promise<R> {
  const results: R[] = [];
  for (let i = 0; i < times; i++) results.push(await once());
  const [middle] = results.toSorted((a, b) => a.seconds - b.seconds).slice(Math.floor(times / 2));
  if (middle === undefined) throw new RangeError('measured no times');
  return { ...middle, peakBytes: Math.max(...results.map(({ peakBytes }) => peakBytes)) };
}

/** @throws Error when a file has other rows than it must have: the numbers would be of something else */
export function assertRows(what: string, result: Result, rows: number): void {
  if (result.rows !== rows) throw new Error(`${what}: the file has ${result.rows} rows, not ${rows}`);
}

export function megabytes(bytes: number): number {
  return bytes / 1e6;
}
