import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../ports/clock.ts';
import { hasCode } from './file-errors.ts';
import { isThere } from './file-root.ts';
import { type FileTree, syncFolder } from './file-tree.ts';

/** How often a folder may go away under a write, with the last object beside it, before the write gives up. */
const PLACING_ATTEMPTS = 20;

export interface FileWriter {
  /**
   * Puts a file with this content in place of what is there: at any moment, and after any crash, one of both.
   *
   * @param inTurn does the last step, which is short: the whole content gets its place
   */
  write(content: FileContent, file: string, inTurn?: (place: () => Promise<void>) => Promise<void>): Promise<void>;
}

/** Chunks that end with an error leave nothing behind. */
export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

/** @param scratch a folder on the same disk for files that are not whole yet */
export function createFileWriter(scratch: string, tree: FileTree, clock: Clock): FileWriter {
  let files = 0;

  const fill = async (file: string, content: FileContent): Promise<void> => {
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(content);
      const seconds = clock.now() / 1_000;
      await handle.utimes(seconds, seconds);
      await handle.sync();
    } finally {
      await handle.close();
    }
  };

  const putInPlace = async (from: string, file: string, folder: string): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      await tree.ensure(folder);
      try {
        await rename(from, file);
        break;
      } catch (error) {
        // The last object beside it was deleted meanwhile, and the folder with it.
        const isFolderGone = hasCode(error, 'ENOENT') && (await isThere(scratch));
        if (!isFolderGone || attempt === PLACING_ATTEMPTS) throw error;
      }
    }
    // It may have gone and be new: then its own entry must be on the disk too.
    await tree.ensure(folder);
    await syncFolder(folder);
  };

  return {
    async write(content, file, inTurn = (place) => place()) {
      files += 1;
      const from = path.join(scratch, String(files));
      try {
        await fill(from, content);
        await inTurn(() => putInPlace(from, file, path.dirname(file)));
      } catch (error) {
        // Why it failed is what the caller must know; what stays is removed when the store is opened again.
        await rm(from, { force: true }).catch(() => undefined);
        throw error;
      }
    },
  };
}
