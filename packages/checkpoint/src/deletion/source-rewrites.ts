/**
 * What became of source objects that a deletion wrote anew. The state names the hash of the new bytes before they are
 * written:
 *
 *     state: rewrite of (key, old ETag) → put If-Match old ETag → manifest: (key, new ETag) → state: done
 *
 * Whoever reads these bytes in between takes them for the old version (`originalOf`), so that the rows that are left are
 * folded as often as they would have been: once, or not again.
 */

import { hash } from 'node:crypto';
import type { ObjectStore, StoredObject } from '@millrace/core';
import { layoutOf } from '../layout.ts';
import { createManifest, growManifest } from '../manifest/manifest.ts';
import { type ObjectVersion, versionName } from '../manifest/object-version.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import type { PendingObject, SourceRewrite } from '../state/checkpoint-state.ts';
import type { Session } from '../state/session.ts';

export function sha256Of(bytes: Uint8Array): string {
  return hash('sha256', bytes);
}

/** @returns the ETag of the version whose rows these bytes are: their own, or that of the one they were made from */
export function originalOf(rewrites: readonly SourceRewrite[], { key, etag, bytes }: StoredObject): string {
  const own = rewrites.filter((rewrite) => rewrite.key === key);
  if (own.length === 0) return etag;
  const sha256 = sha256Of(bytes);
  return own.find((rewrite) => rewrite.sha256 === sha256)?.etag ?? etag;
}

/**
 * Enters what is written in the manifest, in place of the version it was made from. What is not written, and may be yet,
 * stays in the state.
 *
 * @param newName gives a segment of the manifest a name that was never used before
 * @throws LeaseLostError, and what the stores throw
 */
export async function settleRewrites(
  {
    dataset,
    source,
    target,
  }: Pick<CheckpointDeps, 'dataset' | 'target'> & { readonly source: Pick<ObjectStore, 'get'> },
  session: Session,
  newName: () => string,
): Promise<void> {
  const { state } = session;
  const { rewrites } = state;
  if (rewrites.length === 0) return;
  const prefix = layoutOf(dataset.name).manifest;
  const manifest = createManifest(target, prefix, state.segments);
  const open: SourceRewrite[] = [];
  const versions: ObjectVersion[] = [];
  /** New ETags by key and old one. */
  const moved = new Map<string, string>();
  for (const rewrite of rewrites) {
    const { key, etag, time } = rewrite;
    const stored = await source.get(key);
    if (stored?.etag === etag) open.push(rewrite);
    else if (stored !== undefined && sha256Of(stored.bytes) === rewrite.sha256) {
      moved.set(versionName(rewrite), stored.etag);
      if (await manifest.has(rewrite)) versions.push({ key, etag: stored.etag, time });
    }
  }
  if (open.length === rewrites.length) return;
  const place = { prefix, segments: state.segments, name: newName() };
  const { segments, obsolete } = await growManifest(target, place, versions);
  // One that a run met under its new ETag and could not read is the old one, which is known.
  const known = new Set(versions.map(versionName));
  const pending = state.pending.flatMap((object): readonly PendingObject[] => {
    const etag = moved.get(versionName(object));
    if (etag !== undefined) return [{ ...object, etag }];
    return known.has(versionName(object)) ? [] : [object];
  });
  await session.update((before) => ({ ...before, segments, pending, rewrites: open }));
  await Promise.allSettled(obsolete.map((segment) => target.delete(prefix + segment)));
}
