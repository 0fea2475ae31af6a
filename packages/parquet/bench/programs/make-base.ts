/** Makes a file of sorted visit events. */

import { writeFileSync } from 'node:fs';
import { writeParquet } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { tablesOf } from '../../test/readers/tables.ts';
import { visitEvents } from '../../test/readers/visit-events.ts';
import { program, stopwatch } from './program.ts';

interface Job {
  readonly path: string;
  readonly rows: number;
}

await program(({ path, rows }: Job) => {
  const elapsed = stopwatch();
  writeFileSync(path, writeParquet(VISIT_SCHEMA, tablesOf(visitEvents(rows, { seed: 1 }))));
  return { ...elapsed(), rows };
});
