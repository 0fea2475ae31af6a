/** Rows in memory to the bytes of a file. */

import { writeParquet } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { tablesOf } from '../../test/readers/tables.ts';
import { visitEvents } from '../../test/readers/visit-events.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly rows: number;
}

await program(({ rows }: Job) => {
  const events = [...visitEvents(rows, { seed: 1 })];
  const elapsed = stopwatch();
  const tables = [...tablesOf(events)];
  const built = elapsed();
  const { length } = writeParquet(VISIT_SCHEMA, tables);
  const times = elapsed();
  return { ...times, encodeSeconds: times.seconds - built.seconds, rows, bytes: length };
});
