/** A file whose row groups overlap into one that is sorted. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { compactParquet, openParquet } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { openFile } from './local-file.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly base: string;
  readonly out: string;
}

await program(async ({ base, out }: Job) => {
  const elapsed = stopwatch();
  const file = openSync(out, 'w');
  for await (const chunk of compactParquet(await openParquet(openFile(base), VISIT_SCHEMA))) writeSync(file, chunk);
  closeSync(file);
  const times = elapsed();
  const { rows, rowGroups, source } = await openParquet(openFile(out), VISIT_SCHEMA);
  return { ...times, rows, rowGroups: rowGroups.length, bytes: source.size };
});
