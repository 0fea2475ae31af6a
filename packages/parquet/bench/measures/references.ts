/** What Polars and DuckDB take for the same work: rows to compare with, and the time to compare with most. */

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
    rows.push({ name: `${what}: reference: ${name}`, value: result.seconds, unit: 's', reference: null });
    rows.push({
      name: `${what}: reference: ${name}: peak memory`,
      value: megabytes(result.peakBytes),
      unit: 'MB',
      reference: null,
    });
  }
  return { rows, results };
}
