/** The files of a checkpoint in a folder. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { types } from 'node:util';
import type { DatasetName } from '../datasets/columns.ts';
import { QuerySourceError } from '../errors.ts';

const PARQUET = '.parquet';

/**
 * The dataset's Parquet files, as absolute paths in the order of their names. Files that begin with a dot are being
 * written.
 *
 * @throws QuerySourceError when the folder is not there, or cannot be read
 */
export async function listLocalFiles(folder: string, dataset: DatasetName): Promise<readonly string[]> {
  const root = path.resolve(folder);
  try {
    await readdir(root);
  } catch (error) {
    throw new QuerySourceError(`the folder ${root} cannot be queried: ${reasonOf(error)}`, { cause: error });
  }
  const below = path.join(root, dataset);
  try {
    const entries = await readdir(below, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith(PARQUET) && !entry.name.startsWith('.'))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .toSorted();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new QuerySourceError(`the folder ${below} cannot be queried: ${reasonOf(error)}`, { cause: error });
  }
}

/** Not `instanceof Error`: errors of Node.js may be of another realm. */
function codeOf(error: unknown): string | undefined {
  return types.isNativeError(error) && 'code' in error ? String(error.code) : undefined;
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'there is none';
  return code === 'ENOTDIR' ? 'it is a file' : String(error);
}
