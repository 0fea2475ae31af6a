/** The measures of files, by name. */

import type { ParquetMeasure } from './bench.ts';
import { append, merge } from './measures/append.ts';
import { compaction } from './measures/compaction.ts';
import { manyAppends } from './measures/many-appends.ts';
import { write } from './measures/write.ts';

export const PARQUET_MEASURES: Readonly<Record<string, ParquetMeasure>> = {
  write,
  append,
  merge,
  runs: manyAppends,
  compaction,
};
