/**
 * `SecretStore` in a folder that only its owner can enter, one file for each secret with its text and nothing else.
 *
 * What others could read is refused, not mended: it may have been read already, and the secret should be another.
 */

import type { Stats } from 'node:fs';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { encodeSecretName } from '../domain/secret-name.ts';
import { DataFolderError, StoreUnavailableError } from '../errors.ts';
import { assertSecretName, assertSecretText, type SecretStore, SecretUnusableError } from '../ports/secret-store.ts';
import { explainingFiles, hasCode } from './file-errors.ts';
import { isThere, makeRoot } from './file-root.ts';
import { syncFolder } from './file-tree.ts';

export interface FileSecretStoreOptions {
  /** Made when it does not exist. The caller owns it: no other process may open it meanwhile. */
  readonly folder: string;
}

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** The bits by which the group and all others may do something. */
const OTHERS = 0o077;

/**
 * Opens a folder of secrets, and removes what a crash left half-written.
 *
 * @throws DataFolderError, which names the folder and what mends it; StoreUnavailableError
 */
export async function openFileSecretStore({ folder }: FileSecretStoreOptions): Promise<SecretStore> {
  const root = path.resolve(folder);
  const scratch = await explaining('open', root, async () => {
    const made = await makeRoot(root, FOLDER_MODE);
    await assertClosed(root);
    return made;
  });
  let files = 0;

  /** Does something to the file of a secret. Only a folder that is there, and closed, can say that a secret is not. */
  const using = async <T>(action: string, name: string, work: (file: string) => Promise<T>): Promise<T> => {
    assertSecretName(name);
    return await explaining(action, `the secret ${name}`, async () => {
      if (!(await isThere(scratch))) {
        throw new DataFolderError(`the folder ${root} is gone: put it back (or mount its disk) and start again`);
      }
      await assertClosed(root);
      return await work(path.join(root, encodeSecretName(name)));
    });
  };

  /** Writes a text to a file of its own, lets `place` make it the secret, and sees to it that it outlives a power cut. */
  const put = async <T>(text: string, place: (from: string) => Promise<T>): Promise<T> => {
    files += 1;
    const from = path.join(scratch, String(files));
    try {
      await fill(from, text);
      const placed = await place(from);
      await syncFolder(root);
      return placed;
    } finally {
      await rm(from, { force: true });
    }
  };

  return {
    get: (name) => using('read', name, (file) => readSecret(name, file)),

    async create(name, text) {
      assertSecretText(text);
      return await using('create', name, async (file) => {
        const present = await readSecret(name, file);
        if (present !== undefined) return present;
        // Not a rename: of concurrent creators only one can make the link.
        if (await put(text, (from) => isLinked(from, file))) return text;
        const winner = await readSecret(name, file);
        if (winner === undefined) throw new StoreUnavailableError(`the secret ${name} comes and goes just now`);
        return winner;
      });
    },

    async replace(name, text) {
      assertSecretText(text);
      await using('replace', name, (file) => put(text, (from) => rename(from, file)));
    },
  };
}

function explaining<T>(action: string, what: string, work: () => Promise<T>): Promise<T> {
  return explainingFiles(action, what, work, StoreUnavailableError);
}

async function assertClosed(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if (!isOpenToOthers(mode)) return;
  throw new DataFolderError(
    `the folder ${folder} holds secrets and is open to others (mode ${octal(mode)}): ${chmod(FOLDER_MODE, folder)}`,
  );
}

async function fill(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** False when there is a file of that name. */
async function isLinked(from: string, file: string): Promise<boolean> {
  try {
    await link(from, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** @throws SecretUnusableError for what concerns this file alone */
async function readSecret(name: string, file: string): Promise<string | undefined> {
  const handle = await openToRead(name, file);
  if (handle === undefined) return undefined;
  try {
    const problem = problemOf(await handle.stat(), file);
    if (problem !== undefined) throw new SecretUnusableError(name, problem);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function openToRead(name: string, file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    const isRefused = hasCode(error, 'EACCES', 'EPERM', 'ELOOP');
    throw isRefused ? new SecretUnusableError(name, `this process may not read ${file}`, { cause: error }) : error;
  }
}

function problemOf(stats: Stats, file: string): string | undefined {
  if (!stats.isFile()) return `${file} is not a file`;
  if (isOpenToOthers(stats.mode))
    return `${file} is open to others (mode ${octal(stats.mode)}): ${chmod(FILE_MODE, file)}`;
  return undefined;
}

function isOpenToOthers(mode: number): boolean {
  return (mode & OTHERS) !== 0;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}

/** The command, as a shell takes it. */
function chmod(mode: number, file: string): string {
  const isPlain = /^[\w./-]+$/.test(file);
  return `chmod ${octal(mode)} ${isPlain ? file : `'${file.replaceAll("'", "'\\''")}'`}`;
}
