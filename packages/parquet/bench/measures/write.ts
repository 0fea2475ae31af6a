/** Rows in memory to a file, beside the two other libraries that JavaScript has. */

import { assertRows, median, megabytes, type ParquetMeasure, type Result, runNode } from '../bench.ts';

interface Written extends Result {
  /** Without the making of tables out of rows. */
  readonly encodeSeconds: number;
  readonly bytes: number;
}

export const write: ParquetMeasure = async (bench) => {
  const { baseRows: rows, parquetJsRows, repeats } = bench.sizes;
  const ours = await median(repeats, () => runNode<Written>(bench, 'write', { rows }));
  const hyparquet = await median(repeats, () => runNode(bench, 'write-hyparquet', { rows }));
  const out = `${bench.workbench.root}/parquetjs.parquet`;
  const parquetJs = await runNode(bench, 'write-parquetjs', { rows: parquetJsRows, out });
  assertRows('write', ours, rows);
  const rate = (count: number, seconds: number) => count / seconds / 1e6;
  const reference = rate(rows, hyparquet.seconds);
  const unit = 'M rows/s';
  const what = `write ${rows.toLocaleString('en-US')} rows`;
  return [
    { name: `${what}: reference: hyparquet-writer`, value: reference, unit, reference: null },
    {
      name: `${what}: reference: parquetjs-lite`,
      value: rate(parquetJsRows, parquetJs.seconds),
      unit,
      reference: null,
      note: `of ${parquetJsRows.toLocaleString('en-US')} rows, into a file`,
    },
    {
      name: what,
      value: rate(rows, ours.seconds),
      unit,
      reference,
      goal: { of: 'value', atLeast: 1 },
      note: 'rows to bytes in a process that has written nothing before; hyparquet-writer begins with columns',
    },
    { name: `${what}: CPU`, value: ours.cpuSeconds, unit: 's', reference: hyparquet.cpuSeconds },
    { name: `${what}: from tables`, value: rate(rows, ours.encodeSeconds), unit, reference },
    {
      name: `${what}: peak memory`,
      value: megabytes(ours.peakBytes),
      unit: 'MB',
      reference: megabytes(hyparquet.peakBytes),
      note: 'the rows that are written are in memory too',
    },
    { name: `${what}: size of the file`, value: megabytes(ours.bytes), unit: 'MB', reference: null },
  ];
};
