/** What a command works with, opened for its time. */

import { randomUUID } from 'node:crypto';
import type { CheckpointDeps, CheckpointObjects } from '@millrace/checkpoint';
import type { ObjectStore } from '@millrace/core';
import type { Effects } from '../effects.ts';
import type { Io } from '../io.ts';
import { createProgress, type Progress } from '../term/progress.ts';
import type { CheckpointPlan } from './checkpoint-plan.ts';
import { openCheckpointFolder, openCheckpointToRead, openSourceFolder } from './folder-stores.ts';
import { openS3Stores, type S3Stores } from './s3-stores.ts';

export interface CheckpointSession {
  readonly deps: CheckpointDeps;
  readonly progress: Progress;
}

export interface SessionOptions {
  readonly io: Io;
  readonly effects: Effects;
  /** False: the checkpoint is only looked at. */
  readonly writes: boolean;
  /** Called with how many objects of the source have been listed. */
  readonly onListed?: (listed: number, progress: Progress) => void;
}

const DEFAULT_PATIENCE_MS = 60_000;
/** Of a source: of a folder each may be an open file. */
const OBJECTS_AT_ONCE = 64;

/**
 * Opens source and checkpoint for the time of `use`. Once the signal is aborted, no more is listed and nothing is waited
 * for: that throws its reason.
 *
 * @throws ExitError when region or credentials are missing; DataFolderError; what `use` throws
 */
export async function withCheckpoint<T>(
  plan: CheckpointPlan,
  options: SessionOptions,
  use: (session: CheckpointSession) => Promise<T>,
): Promise<T> {
  const { io, effects } = options;
  const progress = createProgress(io.stderr, io.now);
  const wait = async (ms: number): Promise<void> => {
    await effects.sleep(ms, io.signal);
    io.signal.throwIfAborted();
  };
  const closing: (() => void | Promise<void>)[] = [];
  try {
    const s3 = await openS3(plan, io);
    if (s3 !== undefined) closing.push(s3.close);
    const source = await openSource(plan, s3);
    const target = await openTarget(plan, s3, options.writes, wait, closing);
    const deps: CheckpointDeps = {
      dataset: plan.dataset,
      source: watched(source, io.signal, (listed) => options.onListed?.(listed, progress)),
      ...{ target, wait, clock: io, newRunId: randomUUID, concurrency: OBJECTS_AT_ONCE },
    };
    return await use({ deps, progress });
  } finally {
    progress.end();
    for (const close of closing) await close();
  }
}

type Source = CheckpointDeps['source'];

/** Credentials are looked for once, and only where they are needed. */
async function openS3({ source, checkpoint, endpoint }: CheckpointPlan, io: Io): Promise<S3Stores | undefined> {
  if (source?.kind !== 's3' && checkpoint.kind !== 's3') return undefined;
  return await openS3Stores({ endpoint, profile: io.env['AWS_PROFILE'] || undefined });
}

/** Of a command that has none, an empty one. */
async function openSource({ source }: CheckpointPlan, s3: S3Stores | undefined): Promise<Source> {
  if (source?.kind === 's3' && s3 !== undefined) return s3.source(source);
  if (source?.kind === 'folder') return await openSourceFolder(source.folder);
  return { get: () => Promise.resolve(undefined), list: () => Promise.resolve({ objects: [], more: false }) };
}

async function openTarget(
  { checkpoint, patienceMs = DEFAULT_PATIENCE_MS }: CheckpointPlan,
  s3: S3Stores | undefined,
  writes: boolean,
  wait: (ms: number) => Promise<void>,
  closing: (() => void | Promise<void>)[],
): Promise<CheckpointObjects> {
  if (checkpoint.kind === 's3') {
    if (s3 === undefined) throw new Error('S3 is not open');
    return s3.checkpoint(checkpoint);
  }
  if (!writes) return await openCheckpointToRead(checkpoint.folder);
  const store = await openCheckpointFolder(checkpoint.folder, { patienceMs, wait });
  closing.push(store.close);
  return store;
}

function watched(source: Source, signal: AbortSignal, onListed: (listed: number) => void): Source {
  let listed = 0;
  return {
    get: (key, options) => source.get(key, options),
    async list(query: Parameters<ObjectStore['list']>[0]) {
      signal.throwIfAborted();
      const page = await source.list(query);
      listed += page.objects.length;
      onListed(listed);
      return page;
    },
  };
}
