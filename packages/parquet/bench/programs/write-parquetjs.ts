/** Rows in memory to a file, by parquetjs-lite. */

import { writeWithParquetJs } from '../../test/readers/javascript-writers.ts';
import { visitEvents } from '../../test/readers/visit-events.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly rows: number;
  readonly out: string;
}

await program(async ({ rows, out }: Job) => {
  const events = [...visitEvents(rows, { seed: 1 })];
  const elapsed = stopwatch();
  await writeWithParquetJs(out, events);
  return { ...elapsed(), rows };
});
