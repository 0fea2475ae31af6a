/** A source, a checkpoint, and runs on them. */

import { hash } from 'node:crypto';
import { bytesSource, openParquet, type Row, readTables, rowsOf } from '@millrace/parquet';
import type { Dataset } from '../../src/datasets/dataset.ts';
import type { CheckpointDeps } from '../../src/run/checkpoint-deps.ts';
import { type RunOptions, runCheckpoint } from '../../src/run/run-checkpoint.ts';
import type { RunReport } from '../../src/run/run-report.ts';
import { LEASE_MS } from '../../src/state/session.ts';
import { type Line, linesDataset, linesObject } from './lines-dataset.ts';
import { createBucket, type MemoryBucket, type ViewOptions, viewBucket } from './memory-objects.ts';

type Faults = Pick<ViewOptions, 'faultOf' | 'before'>;

export interface World {
  readonly source: MemoryBucket;
  readonly target: MemoryBucket;
  /** Epoch milliseconds; moved by hand, and by waiting. */
  now: number;
  put(key: string, content: readonly Line[] | string): void;
  deps(faults?: { readonly source?: Faults; readonly target?: Faults }): CheckpointDeps;
  run(options?: RunOptions, faults?: Parameters<World['deps']>[0]): Promise<RunReport>;
  /** Runs without faults until nothing is left. @throws when it takes too many */
  runClean(): Promise<RunReport>;
  /** All rows, by path. */
  rows(): Promise<ReadonlyMap<string, readonly Row[]>>;
}

const MOST_CLEAN_RUNS = 5;

export function createWorld(dataset: Dataset = linesDataset): World {
  const source = createBucket();
  const target = createBucket();
  let runs = 0;
  const clock = { now: () => world.now };
  const world: World = {
    source,
    target,
    now: 1_700_000_000_000,
    put(key, content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : linesObject(content);
      const etag = `"${hash('md5', bytes)}"`;
      source.objects.set(key, { bytes, etag, modifiedAt: world.now });
    },
    deps: (faults = {}) => ({
      ...{ dataset, clock },
      source: viewBucket(source, { clock, ...faults.source }),
      target: viewBucket(target, { clock, ...faults.target }),
      newRunId: () => {
        runs += 1;
        return `run-${runs}`;
      },
      wait(ms) {
        world.now += ms;
        return Promise.resolve();
      },
    }),
    run: (options, faults) => runCheckpoint(world.deps(faults), { patienceMs: 2 * LEASE_MS, ...options }),
    async runClean() {
      for (let n = 1; ; n++) {
        const report = await world.run();
        if (report.complete && report.objects.pending === 0) return report;
        if (n === MOST_CLEAN_RUNS) throw new Error(`still pending: ${JSON.stringify(report)}`);
      }
    },
    async rows() {
      const rows = new Map<string, readonly Row[]>();
      for (const [path, { bytes }] of target.objects) {
        if (!path.endsWith('.parquet')) continue;
        const file = await openParquet(bytesSource(bytes), dataset.schema);
        const found: Row[] = [];
        for await (const table of readTables(file)) found.push(...rowsOf(dataset.schema, table));
        rows.set(path, found);
      }
      return rows;
    },
  };
  return world;
}

/** Files of the groups `a` and `b`. */
export const PATH_A = 'lines/a/lines.parquet';
export const PATH_B = 'lines/b/lines.parquet';

/** An object of one line. */
export function put(world: World, key: string, group: string, at: number, id = key): void {
  world.put(key, [{ group, at, id }]);
}

/** Of the rows of a file, by time. */
export async function idsOf(world: World, path: string): Promise<readonly unknown[]> {
  const rows = (await world.rows()).get(path) ?? [];
  return rows.toSorted(([, , a], [, , b]) => Number(a) - Number(b)).map(([, id]) => id);
}
