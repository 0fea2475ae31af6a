/** A file with late rows at its end into one that is sorted. */

import { assertRows, LATE, median, megabytes, type ParquetBench, type ParquetMeasure, runNode } from '../bench.ts';
import { baseFile, endOf } from '../prepared.ts';
import { measureReferences } from './references.ts';

/** Of the rows, the part that was appended in several runs. */
const APPENDED = 0.1;
const APPENDS = 10;

export const compaction: ParquetMeasure = async (bench) => {
  const { baseRows: rows, repeats } = bench.sizes;
  const what = `compact ${rows.toLocaleString('en-US')} rows`;
  const base = await bench.prepared('overlapping.parquet', (path) => makeOverlapping(bench, path));
  const references = await measureReferences(bench, 'compact', what, { base, rows });
  const out = `${bench.workbench.root}/compacted.parquet`;
  const ours = await median(repeats, () => runNode(bench, 'compact', { base, out }));
  assertRows(what, ours, rows);
  const polars = references.results['Polars, 1 thread'];
  return [
    ...references.rows,
    {
      name: what,
      value: ours.seconds,
      unit: 's',
      reference: polars?.seconds ?? null,
      goal: { of: 'value', atMost: 1 },
      note: `${APPENDS} appended row groups, ${LATE * 100} % of their rows late; the reference is Polars with 1 thread`,
    },
    {
      name: `${what}: peak memory`,
      value: megabytes(ours.peakBytes),
      unit: 'MB',
      reference: polars === undefined ? null : megabytes(polars.peakBytes),
      goal: { of: 'value', atMost: 300 },
    },
  ];
};

async function makeOverlapping(bench: ParquetBench, path: string): Promise<void> {
  const appended = (bench.sizes.baseRows * APPENDED) / APPENDS;
  const sorted = bench.sizes.baseRows - appended * APPENDS;
  const base = await baseFile(bench, sorted);
  await runNode(bench, 'append-many', {
    base,
    path,
    runs: APPENDS,
    rows: appended,
    start: endOf(sorted),
    late: LATE,
  });
}
