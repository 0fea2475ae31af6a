/** New events, a line of JSON each, into a copy of a file. */

import { readFileSync } from 'node:fs';
import { appendToParquet, openParquet, sortTable } from '../../src/index.ts';
import { rowsOfLines, tableOf } from '../../test/readers/tables.ts';
import { VISIT_EVENTS } from '../../test/readers/visit-events.ts';
import { openFile, spliceInto } from './local-file.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly base: string;
  readonly events: string;
  readonly out: string;
}

await program(async ({ base, events, out }: Job) => {
  const elapsed = stopwatch();
  const table = sortTable(VISIT_EVENTS, tableOf(rowsOfLines(readFileSync(events, 'utf8'))));
  const change = await appendToParquet(await openParquet(openFile(base), VISIT_EVENTS), table);
  spliceInto(out, base, change);
  const times = elapsed();
  const { rows } = await openParquet(openFile(out), VISIT_EVENTS);
  return { ...times, rows, tailBytes: change.tail.length, merged: change.merged };
});
