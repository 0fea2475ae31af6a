/** Walks a folder of objects in the byte order of their keys, holding a page of each folder on the way at most. */

import type { Dir } from 'node:fs';
import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from './file-errors.ts';
import type { EntryMeaning, FileLayout } from './file-layout.ts';

/** Entries that one system call reads. */
const READ_AHEAD = 512;

export interface Walk {
  readonly root: string;
  readonly layout: FileLayout;
  /** Byte strings, as all keys here. */
  readonly prefix: string;
  readonly startAfter: string;
  /** About how many keys are wanted: so many entries of a folder are held at once. */
  readonly limit: number;
}

export interface FoundFile {
  readonly key: string;
  readonly file: string;
}

interface Folder {
  readonly path: string;
  /** What all keys in it begin with. */
  readonly key: string;
}

interface Entry extends EntryMeaning {
  readonly name: string;
}

/** Every object behind the start; one that comes or goes meanwhile may be in it or not. */
export function walkFiles(walk: Walk): AsyncGenerator<FoundFile> {
  // All keys that begin with the prefix lie below the folder in which an object of that name would lie.
  const { folders, folderKey } = walk.layout.folderOf(walk.prefix);
  return walkFolder(walk, { path: path.join(walk.root, ...folders), key: folderKey });
}

async function* walkFolder(walk: Walk, folder: Folder): AsyncGenerator<FoundFile> {
  let behind: string | undefined;
  for (;;) {
    const entries = await firstEntries(walk, folder, behind);
    for (const { name, isObject, part } of entries) {
      const found = { key: folder.key + part, file: path.join(folder.path, name) };
      if (isObject) yield found;
      else yield* walkFolder(walk, { path: found.file, key: found.key });
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < walk.limit) return;
    behind = last.order;
  }
}

/** The first entries behind one, at most `walk.limit`, that can hold wanted keys. */
async function firstEntries(walk: Walk, folder: Folder, behind: string | undefined): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of await openFolder(folder.path)) {
    const { name } = entry;
    const meaning = walk.layout.meaningOf(name, entry.isDirectory());
    if (meaning === undefined || (behind !== undefined && meaning.order <= behind)) continue;
    if (!canHoldWanted(walk, folder.key + meaning.part, meaning.isObject)) continue;
    entries.push({ ...meaning, name });
    if (entries.length >= 2 * walk.limit) keepFirst(entries, walk.limit);
  }
  keepFirst(entries, walk.limit);
  return entries;
}

function keepFirst(entries: Entry[], limit: number): void {
  entries.sort((a, b) => (a.order < b.order ? -1 : Number(a.order > b.order)));
  // A file system may name an entry twice that was replaced while it was read.
  const distinct = entries.filter((entry, index) => entry.order !== entries[index - 1]?.order);
  entries.splice(0, entries.length, ...distinct.slice(0, limit));
}

function canHoldWanted({ prefix, startAfter }: Walk, key: string, isObject: boolean): boolean {
  if (isObject) return key > startAfter && key.startsWith(prefix);
  const isBehindStart = key > startAfter || startAfter.startsWith(key);
  return isBehindStart && (key.startsWith(prefix) || prefix.startsWith(key));
}

/** A folder that is not there, or goes just now, holds nothing; nor does a file that another program put here. */
async function openFolder(folder: string): Promise<Dir | readonly never[]> {
  try {
    return await opendir(folder, { bufferSize: READ_AHEAD });
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
