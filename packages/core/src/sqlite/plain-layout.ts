/**
 * Keys as paths: `a/B.csv` lies at `a/B.csv`. For folders that other programs read or write. Not every key has a file
 * here: none with an empty segment, `.` or `..`, and of `a` and `a/b` only one.
 */

import { InvalidKeyError } from '../ports/object-store.ts';
import { type FileLayout, fromByteString, toByteString } from './file-layout.ts';

const MAX_NAME_BYTES = 255;

/** @param isListed leaves out files and folders by name */
function plainLayout(isListed: (name: string) => boolean): FileLayout {
  return {
    placeOf(key) {
      const segments = key.split('/');
      if (!segments.every(isName)) {
        throw new InvalidKeyError(fromByteString(key), 'is not the path of a file in a folder');
      }
      const names = segments.map(fromByteString);
      return { folders: names.slice(0, -1), file: names.at(-1) ?? '', folderKey: folderKeyOf(key) };
    },

    folderOf(prefix) {
      const folderKey = folderKeyOf(prefix);
      return { folders: fromByteString(folderKey).split('/').slice(0, -1), folderKey };
    },

    meaningOf(name, isFolder) {
      if (!isListed(name)) return undefined;
      const part = toByteString(name) + (isFolder ? '/' : '');
      return { isObject: !isFolder, part, order: part };
    },
  };
}

function isName(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && segment.length <= MAX_NAME_BYTES;
}

function folderKeyOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** Everything that is there. */
export const PLAIN_LAYOUT = plainLayout(() => true);

/** Without what programs keep for themselves: names that begin with a dot. */
export const VISIBLE_LAYOUT = plainLayout((name) => !name.startsWith('.'));
