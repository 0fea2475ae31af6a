/**
 * Zips of which the same files always make the same bytes: on any machine, in any folder, at any time.
 *
 * The deflate of Node is another one on another processor; that of fflate is JavaScript.
 */

import { type Zippable, zipSync } from 'fflate';

/** Bytes by path, with `/` between folders. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** The first day that a zip can name. Local time, as a zip has no time zone. */
const TIME = new Date(1980, 0, 1);
const UNIX = 3;
/** A regular file that everyone may read: Lambda runs the code as a user that owns nothing. */
const MODE = 0o100644;
const MODE_SHIFT = 16;

export function zip(files: Files): Uint8Array {
  const content: Zippable = {};
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path);
    if (bytes === undefined) continue;
    content[path] = [bytes, { level: 9, mtime: TIME, os: UNIX, attrs: MODE * 2 ** MODE_SHIFT }];
  }
  return zipSync(content);
}
