/** Where a checkpoint is, from the key that people give for its file or files. */

import type { DatasetName } from './datasets/dataset.ts';

export interface CheckpointPlace {
  /** What all keys of the checkpoint begin with, in its bucket: empty, or ending with a slash. */
  readonly prefix: string;
  /** Of its files, below the prefix. */
  readonly template: string;
}

/**
 * The folder that no placeholder is in is the checkpoint's; the folder named after the dataset is a table, and the
 * checkpoint is what that lies in: `lake/visit-events/{study}/{datatype}/events.parquet` is one below `lake/`.
 */
export function checkpointPlace(key: string, dataset: DatasetName): CheckpointPlace {
  const segments = key.split('/');
  const varying = segments.findIndex((segment) => segment.includes('{'));
  const fixed = segments.slice(0, varying === -1 ? segments.length - 1 : varying);
  if (fixed.at(-1) === dataset) fixed.pop();
  const prefix = fixed.map((segment) => `${segment}/`).join('');
  return { prefix, template: key.slice(prefix.length) };
}
