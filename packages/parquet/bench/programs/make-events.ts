/** Makes a file of new visit events, a line of JSON each, in the order in which they come. */

import { writeFileSync } from 'node:fs';
import { lineOf } from '../../test/readers/tables.ts';
import { visitEvents } from '../../test/readers/visit-events.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly path: string;
  readonly rows: number;
  /** Microseconds since the epoch. */
  readonly start: number;
  readonly late: number;
}

await program(({ path, rows, start, late }: Job) => {
  const elapsed = stopwatch();
  writeFileSync(path, Array.from(visitEvents(rows, { seed: 2, start, late }), (row) => `${lineOf(row)}\n`).join(''));
  return { ...elapsed(), rows };
});
