import type { Clock, ObjectStore, ObjectWriter } from '@millrace/core';
import type { Dataset } from '../datasets/dataset.ts';

/** What a run works with. */
export interface CheckpointDeps {
  readonly dataset: Dataset;
  /** The objects to fold: keys are those below the source's prefix. */
  readonly source: Pick<ObjectStore, 'get' | 'list'>;
  /** The checkpoint: keys are those below its prefix. */
  readonly target: CheckpointObjects;
  readonly clock: Clock;
  /** Another one at every call; letters, digits and dashes. */
  readonly newRunId: () => string;
  /** Waits so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
  /** Objects that are read at once. */
  readonly concurrency?: number;
}

export type CheckpointObjects = ObjectStore & ObjectWriter;
