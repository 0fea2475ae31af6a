/**
 * Deletes rows by their ids. First the ids become tombstones: from then on nothing folds such a row again. Then the source
 * objects are written anew without them. Files lose them when they are compacted; until then the report names the files.
 */

import { errorMessage, MillraceError, type ObjectStore } from '@millrace/core';
import pMap from 'p-map';
import { countDeleted } from '../deletion/deleted-in-file.ts';
import { rewriteObject } from '../deletion/rewrite-object.ts';
import { originalOf, settleRewrites, sha256Of } from '../deletion/source-rewrites.ts';
import { addTombstones, type Tombstones } from '../deletion/tombstones.ts';
import { LeaseLostError, NoRowIdsError } from '../errors.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import { readGroupFile } from '../run/group-file.ts';
import { listPages } from '../run/listing.ts';
import { openCheckpoint } from '../run/open-checkpoint.ts';
import { recoverCheckpoint } from '../run/run-checkpoint.ts';
import type { SourceRewrite } from '../state/checkpoint-state.ts';
import type { Session } from '../state/session.ts';

export interface DeleteDeps extends CheckpointDeps {
  readonly source: Pick<ObjectStore, 'get' | 'list' | 'put'>;
}

export interface DeleteReport {
  readonly ids: { readonly added: number; readonly known: number };
  /** Source objects that were written anew. */
  readonly rewritten: number;
  /** Rows that were taken out of them. */
  readonly removed: number;
  /** Files that hold deleted rows until they are compacted. */
  readonly files: readonly { readonly path: string; readonly rows: number }[];
  /** Objects and files of which it is not certain that they are done: delete the same ids again. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[];
}

export interface DeleteOptions {
  readonly patienceMs?: number | undefined;
}

/** Objects that are in memory, and in the state, at once. */
const CHUNK = 64;
const WRITES_AT_ONCE = 16;

/**
 * May be repeated with the same ids, and then brings to its end what went wrong.
 * @throws NoRowIdsError, TooManyTombstonesError; and as `runCheckpoint` does. What one object throws is reported
 */
export async function deleteRows(
  deps: DeleteDeps,
  ids: Iterable<string>,
  { patienceMs }: DeleteOptions = {},
): Promise<DeleteReport> {
  const { dataset, source, target } = deps;
  if (dataset.rowId === undefined) throw new NoRowIdsError(dataset.name);
  const wanted = new Set(ids);
  const session = await openCheckpoint(deps, { runId: deps.newRunId(), patienceMs });
  try {
    const { all, added } = await addTombstones(target, dataset, wanted);
    await recoverCheckpoint(deps, session);
    const deletion = createDeletion(deps, session, all);
    let keys: string[] = [];
    for await (const page of listPages(source, { prefix: '', startAfter: '' })) {
      for (const { key } of page) {
        if (dataset.readKey(key).kind === 'source') keys.push(key);
        if (keys.length < CHUNK) continue;
        await deletion.rewrite(keys);
        keys = [];
      }
      await session.renew();
    }
    await deletion.rewrite(keys);
    await deletion.lookAtFiles();
    return { ids: { added, known: wanted.size - added }, ...deletion.report };
  } finally {
    await session.end();
  }
}

interface Plan {
  readonly rewrite: SourceRewrite;
  readonly bytes: Uint8Array;
  readonly removed: number;
}

function createDeletion(deps: DeleteDeps, session: Session, tombstones: Tombstones) {
  const { dataset, source, target } = deps;
  const files: { path: string; rows: number }[] = [];
  const failures: { key: string; reason: string }[] = [];
  let [rewritten, removed, settlements] = [0, 0, 0];

  const failed = (key: string, error: unknown): void => {
    if (error instanceof LeaseLostError) throw error;
    failures.push({ key, reason: errorMessage(error) });
  };

  const settle = (): Promise<void> =>
    settleRewrites(deps, session, () => {
      settlements += 1;
      return `${session.runId}-deletion-${settlements}`;
    });

  async function planOf(key: string): Promise<Plan | undefined> {
    const name = dataset.readKey(key);
    const stored = await source.get(key);
    if (stored === undefined || name.kind !== 'source') return undefined;
    const { etag } = stored;
    const result = rewriteObject(dataset, stored.bytes, tombstones);
    if (result.kind === 'clean') return undefined;
    if (result.kind === 'refused') throw new MillraceError('not-rewritten', `${key} ${result.reason}`);
    // An earlier rewrite took effect just now: only once the manifest knows it may another one begin.
    if (originalOf(session.state.rewrites, stored) !== etag) await settle();
    const { bytes } = result;
    return { rewrite: { key, etag, time: name.time, sha256: sha256Of(bytes) }, bytes, removed: result.removed };
  }

  async function write({ rewrite: { key, etag }, bytes, removed: rows }: Plan): Promise<void> {
    await session.assertOwned();
    await source.put(key, bytes, { condition: { kind: 'unchanged', etag } });
    rewritten += 1;
    removed += rows;
  }

  return {
    async rewrite(keys: readonly string[]): Promise<void> {
      const plans: Plan[] = [];
      for (const key of keys) {
        try {
          const plan = await planOf(key);
          if (plan !== undefined) plans.push(plan);
        } catch (error) {
          failed(key, error);
        }
      }
      if (plans.length === 0) return;
      const rewrites = plans.map(({ rewrite }) => rewrite);
      await session.update((state) => ({ ...state, rewrites: [...state.rewrites, ...rewrites] }));
      await pMap(plans, (plan) => write(plan).catch((error: unknown) => failed(plan.rewrite.key, error)), {
        concurrency: WRITES_AT_ONCE,
      });
      await settle();
    },

    async lookAtFiles(): Promise<void> {
      for (const [path, known] of Object.entries(session.state.groups)) {
        try {
          const group = await readGroupFile(target, dataset.schema, path, known.bytes);
          const rows = group === undefined ? 0 : await countDeleted(dataset, group.file, tombstones);
          if (rows > 0) files.push({ path, rows });
        } catch (error) {
          failed(path, error);
        }
      }
    },

    get report() {
      return { rewritten, removed, files, failures };
    },
  };
}
