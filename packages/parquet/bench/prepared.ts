/** The files that measures begin with. */

import { EVENTS_START, MEAN_STEP } from '../test/readers/visit-events.ts';
import { LATE, type ParquetBench, runNode } from './bench.ts';

/** Rows by time, in row groups of the usual size. */
export function baseFile(bench: ParquetBench, rows: number): Promise<string> {
  return bench.prepared(`base-${rows}.parquet`, async (path) => {
    await runNode(bench, 'make-base', { path, rows });
  });
}

/** New events as lines of JSON, which begin where the base ends. */
export function newEvents(bench: ParquetBench, baseRows: number, rows: number): Promise<string> {
  return bench.prepared(`events-${baseRows}-${rows}.ndjson`, async (path) => {
    await runNode(bench, 'make-events', { path, rows, start: endOf(baseRows), late: LATE });
  });
}

/** About where so many events end: microseconds since the epoch. */
export function endOf(rows: number): number {
  return EVENTS_START + rows * MEAN_STEP;
}
