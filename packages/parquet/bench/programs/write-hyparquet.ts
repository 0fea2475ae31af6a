/** Columns in memory to the bytes of a file, by hyparquet-writer. */

import { columnsOf, writeWithHyparquet } from '../../test/readers/javascript-writers.ts';
import { visitEvents } from '../../test/readers/visit-events.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly rows: number;
}

await program(({ rows }: Job) => {
  const columns = columnsOf([...visitEvents(rows, { seed: 1 })]);
  const elapsed = stopwatch();
  const { length } = writeWithHyparquet(columns, { required: true, rowGroupSize: 131_072 });
  return { ...elapsed(), rows, bytes: length };
});
