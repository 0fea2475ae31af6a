/** What Polars and DuckDB take for the same work. */

import type { Row } from '../../../cli/bench/delivery/report.ts';
import { assertRows, median, megabytes, type ParquetBench, type Result, runPython } from '../bench.ts';

const REFERENCES = [
  { name: 'Polars, 2 threads', work: 'polars', threads: 2 },
  { name: 'Polars, 1 thread', work: 'polars', threads: 1 },
  { name: 'DuckDB, 2 threads', work: 'duckdb', threads: 2 },
] as const;

type ReferenceName = (typeof REFERENCES)[number]['name'];

export interface References {
  readonly rows: readonly Row[];
  /** Undefined where Python is not at hand. */
  readonly results: Partial<Record<ReferenceName, Result>>;
}

interface Job {
  readonly base: string;
  readonly events?: string;
  /** Rows that the file must have. */
  readonly rows: number;
}

/** @param kind the beginning of a name in `references.py` */
export async function measureReferences(
  bench: ParquetBench,
  kind: 'append' | 'compact',
  what: string,
  job: Job,
): Promise<References> {
  if (bench.python === undefined) return { rows: [], results: {} };
  const results: References['results'] = {};
  const rows: Row[] = [];
  const out = `${bench.workbench.root}/reference.parquet`;
  for (const { name, work, threads } of REFERENCES) {
    const result = await median(bench.sizes.repeats, () =>
      runPython(bench, `${kind}-${work}`, threads, { ...job, out }),
    );
    assertRows(name, result, job.rows);
    results[name] = result;
    rows.push({
      name: `${what}: reference: ${name}`,
      value: result.seconds,
      unit: 's',
      reference: null,
      note: `${result.cpuSeconds.toFixed(2)} s of CPU, ${megabytes(result.peakBytes).toFixed(0)} MB at the peak`,
    });
  }
  return { rows, results };
}

export interface WorkGoals {
  /** Of the time. */
  readonly seconds: number;
  readonly megabytes: number;
}

/** Time, CPU and memory of our own beside those of a reference. */
export function workRows(
  what: string,
  ours: Result,
  reference: Result | undefined,
  goals: WorkGoals,
  note: string,
): Row[] {
  return [
    {
      name: what,
      value: ours.seconds,
      unit: 's',
      reference: reference?.seconds ?? null,
      goal: { of: 'value', atMost: goals.seconds },
      note,
    },
    { name: `${what}: CPU`, value: ours.cpuSeconds, unit: 's', reference: reference?.cpuSeconds ?? null },
    {
      name: `${what}: peak memory`,
      value: megabytes(ours.peakBytes),
      unit: 'MB',
      reference: reference === undefined ? null : megabytes(reference.peakBytes),
      goal: { of: 'value', atMost: goals.megabytes },
    },
  ];
}
