/** Sources and checkpoints in folders. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { type CheckpointObjects, objectsBelow } from '@millrace/checkpoint';
import { ATTEMPTS_PREFIX, FolderInUseError, MillraceError } from '@millrace/core';
import {
  ESCAPED_LAYOUT,
  type FileObjectReader,
  openFileObjectReader,
  openPlainObjectStore,
  PLAIN_LAYOUT,
  type PlainObjectStore,
  VISIBLE_LAYOUT,
} from '@millrace/core/sqlite';

const DATABASE = 'millrace.db';
const OBJECTS = 'objects';

/**
 * A folder of files as they are; of the data folder of `millrace up`, the attempt log.
 *
 * @throws DataFolderError
 */
export async function openSourceFolder(folder: string): Promise<FileObjectReader> {
  const isDataFolder = existsSync(path.join(folder, DATABASE));
  if (!isDataFolder) return await openFileObjectReader({ folder, layout: PLAIN_LAYOUT });
  const objects = await openFileObjectReader({ folder: path.join(folder, OBJECTS), layout: ESCAPED_LAYOUT });
  return objectsBelow(readOnly(objects), ATTEMPTS_PREFIX);
}

/** A checkpoint that is only looked at, also while another process works on it. @throws DataFolderError */
export async function openCheckpointToRead(folder: string): Promise<CheckpointObjects> {
  return readOnly(await openFileObjectReader({ folder, layout: VISIBLE_LAYOUT }));
}

export interface WaitingOptions {
  /** Milliseconds. */
  readonly patienceMs: number;
  /** Waits so many milliseconds; may throw to give up. */
  readonly wait: (ms: number) => Promise<void>;
}

const ASK_AGAIN_MS = 500;

/** Made when it does not exist. @throws FolderInUseError when another process does not let go of it; DataFolderError */
export async function openCheckpointFolder(
  folder: string,
  { patienceMs, wait }: WaitingOptions,
): Promise<PlainObjectStore> {
  for (let waited = 0; ; waited += ASK_AGAIN_MS) {
    try {
      return await openPlainObjectStore({ folder });
    } catch (error) {
      if (!(error instanceof FolderInUseError) || waited >= patienceMs) throw error;
    }
    await wait(ASK_AGAIN_MS);
  }
}

function readOnly(reader: FileObjectReader): CheckpointObjects {
  const refuse = (): never => {
    throw new MillraceError('read-only', 'this folder was opened to be read');
  };
  return { ...reader, put: refuse, delete: refuse, splice: refuse, putChunks: refuse };
}
