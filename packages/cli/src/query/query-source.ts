/** Where the files of a checkpoint are, and how they come to this machine. */

import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';
import {
  DATASET_TABLES,
  type DatasetTable,
  type FetchProgress,
  fetchDataset,
  listLocalFiles,
  type TableFiles,
} from '@millrace/query';
import type { Io } from '../io.ts';
import { checkEndpoint, nameOfPlace, type ObjectPlace, readPlace } from '../object-place.ts';
import { createProgress, renderBar } from '../term/progress.ts';

export type Source =
  | Extract<ObjectPlace, { kind: 'folder' }>
  /** With the endpoint of an emulator. */
  | (Extract<ObjectPlace, { kind: 's3' }> & { readonly endpoint: string | undefined });

export function readSource(flags: { readonly source: string; readonly endpoint?: string }, problems: string[]): Source {
  const { source, endpoint } = flags;
  checkEndpoint(endpoint, problems);
  const place = readPlace('--source', source, problems);
  if (place?.kind === 's3') return { ...place, endpoint };
  if (place !== undefined && endpoint !== undefined) problems.push('--endpoint is for a source of s3://');
  return { kind: 'folder', folder: source };
}

/**
 * The files of every table; of those that `isAsked` does not name, none. Says on standard error which of the others have
 * none.
 *
 * @throws QuerySourceError; errors of S3; the reason of the signal
 */
export async function findFiles(
  io: Io,
  source: Source,
  isAsked: (table: DatasetTable) => boolean,
): Promise<readonly TableFiles[]> {
  const listing = await openSource(io, source);
  const found: TableFiles[] = [];
  for (const table of Object.values(DATASET_TABLES)) {
    const files = isAsked(table) ? await listing(table) : [];
    found.push({ table, files });
    if (isAsked(table) && files.length === 0) {
      io.stderr.write(`millrace: ${nameOfPlace(source)} has no ${table.dataset} yet: ${table.table} is empty\n`);
    }
  }
  return found;
}

type Listing = (table: DatasetTable) => Promise<readonly string[]>;

async function openSource(io: Io, source: Source): Promise<Listing> {
  if (source.kind === 'folder') return ({ dataset }) => listLocalFiles(source.folder, dataset);
  // The clients of AWS take long to load.
  const { createAwsClients, createS3ObjectStore } = await import('@millrace/core/aws');
  const { bucket, prefix, endpoint } = source;
  const clients = createAwsClients(endpoint === undefined ? {} : { endpoint });
  const objects = createS3ObjectStore({ client: clients.s3, bucket, prefix });
  const folder = path.join(cacheFolder(io.env), cacheName(source));
  const progress = createProgress(io.stderr, io.now);
  const onProgress = (fetch: FetchProgress) => progress.show(() => formatFetch(fetch));
  return async ({ dataset }) => {
    try {
      return await fetchDataset({ objects, folder, signal: io.signal, now: io.now, onProgress }, dataset);
    } finally {
      progress.end();
    }
  };
}

/** `MILLRACE_CACHE_DIR`, or else what the XDG base directories say. */
export function cacheFolder(env: Io['env']): string {
  const { MILLRACE_CACHE_DIR, XDG_CACHE_HOME, HOME } = env;
  if (MILLRACE_CACHE_DIR) return path.resolve(MILLRACE_CACHE_DIR);
  const isUsable = XDG_CACHE_HOME !== undefined && path.isAbsolute(XDG_CACHE_HOME);
  return path.join(isUsable ? XDG_CACHE_HOME : path.join(HOME || homedir(), '.cache'), 'millrace');
}

/** Of one checkpoint, also among emulators that have a bucket of the same name. */
function cacheName({ bucket, prefix, endpoint = '' }: Extract<Source, { kind: 's3' }>): string {
  const place = createHash('sha256').update([endpoint, bucket, prefix].join('\n')).digest('hex').slice(0, 16);
  return `${bucket}-${place}`;
}

const MB = 1_000_000;

function formatFetch({ fetched, total }: FetchProgress): string {
  return `${renderBar(fetched / Math.max(1, total))}  ${(fetched / MB).toFixed(1)} of ${(total / MB).toFixed(1)} MB`;
}
