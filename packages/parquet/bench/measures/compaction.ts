/** A file with late rows at its end into one that is sorted. */

import { assertRows, LATE, median, type ParquetBench, type ParquetMeasure, runNode } from '../bench.ts';
import { baseFile, endOf } from '../prepared.ts';
import { measureReferences, workRows } from './references.ts';

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
  const reference = references.results['Polars, 1 thread'];
  const note = `${APPENDS} appended row groups, ${LATE * 100} % of their rows late; the reference is Polars with 1 thread`;
  return [...references.rows, ...workRows(what, ours, reference, { seconds: 1, megabytes: 300 }, note)];
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
