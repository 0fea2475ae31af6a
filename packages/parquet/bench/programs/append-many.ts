/** Runs that each append new events to one file, and what each of them would send to S3. */

import { copyFileSync } from 'node:fs';
import { appendToParquet, needsCompaction, openParquet, sortTable, type Table } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { tableOf } from '../../test/readers/tables.ts';
import { MEAN_STEP, visitEvents } from '../../test/readers/visit-events.ts';
import type { AppendRun } from '../bench.ts';
import { openFile, splice } from './local-file.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly base: string;
  /** Of the file to make: a copy of the base at first. */
  readonly path: string;
  readonly runs: number;
  /** Of a run. */
  readonly rows: number;
  /** Microseconds since the epoch. */
  readonly start: number;
  readonly late: number;
  /** Whether to leave the file as it is when a run would merge its row groups. */
  readonly stopBeforeMerge?: boolean;
}

/** A part of an upload but the last has at least so many bytes: a smaller file is sent whole. */
const PART_BYTES = 5 * 2 ** 20;
/** CreateMultipartUpload, UploadPartCopy, UploadPart, CompleteMultipartUpload. */
const SPLICE_REQUESTS = 4;

await program(async (job: Job) => {
  const done: AppendRun[] = [];
  const elapsed = stopwatch();
  let compaction: number | undefined;
  copyFileSync(job.base, job.path);
  for (let number = 0; number < job.runs; number++) {
    const run = await appendOnce(job, newTable(job, number));
    if (run === undefined) break;
    done.push(run);
    if (run.needsCompaction) compaction ??= number;
  }
  const times = elapsed();
  const { rows, rowGroups, source } = await openParquet(openFile(job.path), VISIT_SCHEMA);
  return { ...times, rows, rowGroups: rowGroups.length, bytes: source.size, done, needsCompaction: compaction };
});

function newTable({ rows, start, late }: Job, number: number): Table {
  const events = visitEvents(rows, { seed: 100 + number, start: start + number * rows * MEAN_STEP, late });
  return sortTable(VISIT_SCHEMA, tableOf(events));
}

/** Undefined when the file was left as it was. */
async function appendOnce({ path, stopBeforeMerge }: Job, table: Table): Promise<AppendRun | undefined> {
  const elapsed = stopwatch();
  const source = openFile(path);
  const file = await openParquet(source, VISIT_SCHEMA);
  const { keep, tail, merged } = await appendToParquet(file, table);
  if (stopBeforeMerge === true && merged > 0) return undefined;
  splice(path, { keep, tail });
  const times = elapsed();
  const isSpliced = keep >= PART_BYTES;
  source.close();
  return {
    ...times,
    uploaded: isSpliced ? tail.length : keep + tail.length,
    downloaded: source.bytesRead,
    requests: source.reads + (isSpliced ? SPLICE_REQUESTS : 1),
    merged,
    needsCompaction: needsCompaction(file),
  };
}
