/** A long row of runs that each append to one file: what they would send to S3, with their merges. */

import { type AppendRun, LATE, megabytes, type ParquetMeasure, type Result, runNode } from '../bench.ts';
import { baseFile, endOf } from '../prepared.ts';

interface Many extends Result {
  readonly bytes: number;
  readonly rowGroups: number;
  readonly done: readonly AppendRun[];
  /** Of `done`, from 0: the first after which the file asked to be compacted; undefined when it never did. */
  readonly needsCompaction?: number;
}

export const manyAppends: ParquetMeasure = async (bench) => {
  const { baseRows, newRows, appends } = bench.sizes;
  const base = await baseFile(bench, baseRows);
  const job = { base, path: `${bench.workbench.root}/many.parquet`, runs: appends, rows: newRows };
  const many = await runNode<Many>(bench, 'append-many', { ...job, start: endOf(baseRows), late: LATE });
  const appending = many.done.filter(({ merged }) => merged === 0);
  const merging = many.done.filter(({ merged }) => merged > 0);
  const what = `${appends.toLocaleString('en-US')} runs of ${newRows.toLocaleString('en-US')} rows`;
  const compaction =
    many.needsCompaction === undefined
      ? 'the file never asked to be compacted'
      : `the file asked to be compacted after ${many.needsCompaction + 1} runs, and was not`;
  return [
    {
      name: `${what}: uploaded a run that only appends, median`,
      value: megabytes(percentile(appending, 0.5, ({ uploaded }) => uploaded)),
      unit: 'MB',
      reference: megabytes(many.bytes),
      note: 'the reference is the whole file, at the end',
    },
    {
      name: `${what}: uploaded a run that only appends, at the most`,
      value: megabytes(percentile(appending, 1, ({ uploaded }) => uploaded)),
      unit: 'MB',
      reference: null,
      note: 'the footer grows with the number of row groups',
    },
    {
      name: `${what}: requests of a run that only appends, at the most`,
      value: percentile(appending, 1, ({ requests }) => requests),
      unit: 'requests',
      reference: null,
      goal: { of: 'value', atMost: 8 },
      note: 'each read of the library, and those of a multipart upload',
    },
    {
      name: `${what}: uploaded a run, with merges`,
      value: megabytes(mean(many.done.map(({ uploaded }) => uploaded))),
      unit: 'MB',
      reference: megabytes(many.bytes),
      goal: { of: 'value', atMost: 1.5 },
      note: `${merging.length} runs merged; ${compaction}`,
    },
    {
      name: `${what}: downloaded a run, with merges`,
      value: megabytes(mean(many.done.map(({ downloaded }) => downloaded))),
      unit: 'MB',
      reference: null,
    },
    {
      name: `${what}: time of a run, median`,
      value: percentile(many.done, 0.5, ({ seconds }) => seconds),
      unit: 's',
      reference: null,
    },
    {
      name: `${what}: time of a run, at the most`,
      value: percentile(many.done, 1, ({ seconds }) => seconds),
      unit: 's',
      reference: null,
    },
    {
      name: `${what}: CPU of a run, mean`,
      value: many.cpuSeconds / many.done.length,
      unit: 's',
      reference: null,
      note: 'with the making of its events',
    },
    { name: `${what}: peak memory`, value: megabytes(many.peakBytes), unit: 'MB', reference: null },
    { name: `${what}: row groups at the end`, value: many.rowGroups, unit: '', reference: null },
  ];
};

/** 0 of no runs. */
function percentile(runs: readonly AppendRun[], part: number, of: (run: AppendRun) => number): number {
  const sorted = runs.map(of).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
