/** One page of a listing. All text here is byte strings. */

import { lowerBound } from './key-index.ts';

export interface Listing {
  readonly prefix: string;
  /** Empty: keys are not grouped. */
  readonly delimiter: string;
  /** Only what is behind it; when it is the name of a group, nothing of that group. */
  readonly after: string;
  readonly maxKeys: number;
}

export interface ListedPage {
  readonly keys: readonly string[];
  /** Groups: each stands for all keys that begin with it. */
  readonly commonPrefixes: readonly string[];
  /** Where the next page begins; undefined when this is the last. */
  readonly next: string | undefined;
}

/** @param sorted all keys of the bucket */
export function listPage(sorted: readonly string[], { prefix, delimiter, after, maxKeys }: Listing): ListedPage {
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last = after;
  let position = lowerBound(sorted, prefix > after ? prefix : after);
  for (;;) {
    const key = sorted[position];
    if (key === undefined || !key.startsWith(prefix)) return { keys, commonPrefixes, next: undefined };
    const group = groupOf(key, prefix, delimiter);
    if (key <= after || (group !== undefined && group === last)) {
      position += 1;
      continue;
    }
    // S3 says of a page of no keys that it is the last.
    if (keys.length + commonPrefixes.length === maxKeys) {
      return { keys, commonPrefixes, next: maxKeys === 0 ? undefined : last };
    }
    if (group === undefined) keys.push(key);
    else commonPrefixes.push(group);
    last = group ?? key;
    position += 1;
  }
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const found = key.indexOf(delimiter, prefix.length);
  return found === -1 ? undefined : key.slice(0, found + delimiter.length);
}
