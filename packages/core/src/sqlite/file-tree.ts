/**
 * The folders below the root of a store: there before something is put into them, so that a crash cannot take them away
 * with it, and gone with their last object.
 */

import { mkdir, open, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from './file-errors.ts';

/** Folders are remembered up to here; then they are looked at again. */
const REMEMBERED_FOLDERS = 20_000;

export interface FileTree {
  /** Makes a folder and those above it, and sees to it that they outlive a power cut. */
  ensure(folder: string): Promise<void>;
  /** Removes a folder when it is empty, and those above it that become so. */
  prune(folder: string): Promise<void>;
}

/** Flushes the entries of a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes sure that what was removed from a folder does not come back after a power cut. Another removal may have taken
 * the folder away meanwhile: then the entry of the folder must not come back.
 */
export async function syncRemoval(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || folder === path.dirname(folder)) throw error;
    await syncRemoval(path.dirname(folder));
  }
}

/** @param root exists, and is never removed */
export function createFileTree(root: string): FileTree {
  /**
   * Folders whose entry is on the disk. What a crashed process made and did not flush is not in here, nor is a folder
   * between its removal and its next flush: folders are made and removed one after the other.
   */
  const onDisk = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  const isOnDisk = (folder: string): boolean => folder === root || onDisk.has(folder);

  const make = async (folder: string): Promise<void> => {
    if (isOnDisk(folder)) return;
    const parent = path.dirname(folder);
    await make(parent);
    try {
      await mkdir(folder);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    await syncFolder(parent);
    if (onDisk.size >= REMEMBERED_FOLDERS) onDisk.clear();
    onDisk.add(folder);
  };

  const remove = async (folder: string): Promise<void> => {
    if (folder === root) return;
    // Before it is gone: who finds it here may put something into it.
    const wasOnDisk = onDisk.delete(folder);
    try {
      await rmdir(folder);
    } catch (error) {
      if (wasOnDisk) onDisk.add(folder);
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return;
      throw error;
    }
    await remove(path.dirname(folder));
  };

  return {
    ensure: async (folder) => {
      if (!isOnDisk(folder)) await inTurn(() => make(folder));
    },
    prune: (folder) => inTurn(() => remove(folder)),
  };
}
