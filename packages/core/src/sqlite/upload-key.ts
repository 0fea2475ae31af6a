/** The key by which a server knows its own upload URLs again, also after a restart. */

import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { DataFolderError } from '../errors.ts';
import { hasCode } from './file-errors.ts';
import { syncFolder } from './file-tree.ts';

const FILE = 'upload-key';
const KEY_BYTES = 32;
/** For its owner alone. */
const MODE = 0o600;

/**
 * Reads the key of a data folder, which is made when there is none.
 * @throws DataFolderError when it is not one
 */
export async function readUploadKey(folder: string): Promise<Uint8Array> {
  const file = path.join(folder, FILE);
  const text = await readIfThere(file);
  if (text === undefined) return await makeKey(folder, file);
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length === KEY_BYTES) return key;
  throw new DataFolderError(`${file} holds no key: remove it, and a new one is made (open upload URLs end with it)`);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function makeKey(folder: string, file: string): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES);
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, 'w', MODE);
  try {
    await handle.writeFile(key.toString('hex'));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  await syncFolder(folder);
  return key;
}
