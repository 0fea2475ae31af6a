/** New events, a line of JSON each, into a copy of a file. */

import { readFileSync } from 'node:fs';
import { appendToParquet, openParquet, sortTable } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { rowsOfLines, tableOf } from '../../test/readers/tables.ts';
import { openFile, spliceInto } from './local-file.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly base: string;
  readonly events: string;
  readonly out: string;
}

await program(async ({ base, events, out }: Job) => {
  const elapsed = stopwatch();
  const table = sortTable(VISIT_SCHEMA, tableOf(rowsOfLines(readFileSync(events, 'utf8'))));
  const change = await appendToParquet(await openParquet(openFile(base), VISIT_SCHEMA), table);
  spliceInto(out, base, change);
  const times = elapsed();
  const { rows } = await openParquet(openFile(out), VISIT_SCHEMA);
  return { ...times, rows, tailBytes: change.tail.length, merged: change.merged };
});
