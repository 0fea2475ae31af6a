import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from './file-errors.ts';
import { syncFolder } from './file-tree.ts';

/** No key lies there: the names of objects and their folders do not begin with a dot. */
const SCRATCH = '.tmp';

/**
 * Makes the folder of a store, and an empty one in it for what is being written; returns the latter.
 *
 * @param mode of both when they are made
 */
export async function makeRoot(root: string, mode?: number): Promise<string> {
  await makeFolder(root, mode);
  const scratch = path.join(root, SCRATCH);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode });
  return scratch;
}

/** Not `recursive` of node:fs: that never comes back where mkdir says ENOENT in a folder that exists, as /proc does. */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    await makeOneFolder(folder, mode);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    await makeFolder(path.dirname(folder));
    await makeOneFolder(folder, mode);
  }
}

async function makeOneFolder(folder: string, mode?: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
    await syncFolder(path.dirname(folder));
  } catch (error) {
    if (!hasCode(error, 'EEXIST') || !(await stat(folder)).isDirectory()) throw error;
  }
}

export async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
