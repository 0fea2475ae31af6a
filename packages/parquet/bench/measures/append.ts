/** New events into a file on this machine: added to its end, or merged with the rows there. */

import type { Row } from '../../../cli/bench/delivery/report.ts';
import {
  assertRows,
  LATE,
  median,
  megabytes,
  type ParquetBench,
  type ParquetMeasure,
  type Result,
  runNode,
} from '../bench.ts';
import { baseFile, endOf, newEvents } from '../prepared.ts';
import { measureReferences, workRows } from './references.ts';

interface Appended extends Result {
  readonly tailBytes: number;
  /** Old rows that were written once more, merged with the new ones. */
  readonly merged: number;
}

export const append: ParquetMeasure = async (bench) => {
  const { baseRows, newRows, repeats } = bench.sizes;
  const what = `append ${newRows.toLocaleString('en-US')} rows to ${baseRows.toLocaleString('en-US')}`;
  const base = await baseFile(bench, baseRows);
  const events = await newEvents(bench, baseRows, newRows);
  const references = await measureReferences(bench, 'append', what, { base, events, rows: baseRows + newRows });
  const ours = await appendOnce(bench, base, events, repeats);
  assertRows(what, ours, baseRows + newRows);
  if (ours.merged > 0) throw new Error('the append merged old rows: the number would be of something else');
  const reference = references.results['Polars, 2 threads'];
  const note = 'from lines of JSON to a new file beside the old one; the reference is Polars with 2 threads';
  const goals = { seconds: 0.2, megabytes: 120 };
  return [
    ...references.rows,
    ...workRows(what, ours, reference, goals, note),
    { ...tailRow(what, ours), goal: { of: 'value', atMost: 0.2 } },
  ];
};

function appendOnce(bench: ParquetBench, base: string, events: string, repeats: number): Promise<Appended> {
  const out = `${bench.workbench.root}/appended.parquet`;
  return median(repeats, () => runNode<Appended>(bench, 'append', { base, events, out }));
}

function tailRow(what: string, ours: Appended): Row {
  return { name: `${what}: new bytes`, value: megabytes(ours.tailBytes), unit: 'MB', reference: null };
}

/** More than there can be before a merge. */
const MOST_APPENDS = 64;

export const merge: ParquetMeasure = async (bench) => {
  const { baseRows, newRows, repeats } = bench.sizes;
  const base = await bench.prepared('before-merge.parquet', (path) => appendUntilMerge(bench, path));
  const events = await newEvents(bench, baseRows, newRows);
  const ours = await appendOnce(bench, base, events, repeats);
  const what = `append ${newRows.toLocaleString('en-US')} rows with a merge`;
  return [
    {
      name: what,
      value: ours.seconds,
      unit: 's',
      reference: null,
      note: `${ours.merged.toLocaleString('en-US')} old rows were written again`,
    },
    { name: `${what}: peak memory`, value: megabytes(ours.peakBytes), unit: 'MB', reference: null },
    tailRow(what, ours),
  ];
};

/** Makes a file to which the next append is one that merges. */
async function appendUntilMerge(bench: ParquetBench, path: string): Promise<void> {
  const { baseRows, newRows } = bench.sizes;
  const base = await baseFile(bench, baseRows);
  await runNode(bench, 'append-many', {
    base,
    path,
    runs: MOST_APPENDS,
    rows: newRows,
    start: endOf(baseRows),
    late: LATE,
    stopBeforeMerge: true,
  });
}
