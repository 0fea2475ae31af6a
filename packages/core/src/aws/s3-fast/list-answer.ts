/** The answer to ListObjectsV2 with `encoding-type=url`. */

import type { ObjectInfo } from '../../ports/object-store.ts';
import { readElements } from './xml-elements.ts';

export interface ListAnswer {
  /** Under their whole keys in the bucket. */
  readonly objects: readonly ObjectInfo[];
  /** Where the next page begins; undefined when this is the last. */
  readonly nextToken: string | undefined;
}

const ROOT = 'ListBucketResult';
const ENTRY = 'Contents';

/** @throws SyntaxError for anything else, and for an answer that is not whole */
export function readListAnswer(xml: string): ListAnswer {
  const objects: ObjectInfo[] = [];
  const told = new Map<string, string>();
  let entry = new Map<string, string>();
  readElements(
    xml,
    (name, text, path) => {
      if (path.length === 1) told.set(name, text);
      else if (path.length === 2 && path[1] === ENTRY) entry.set(name, text);
    },
    (name, path) => {
      if (path.length === 0 && name !== ROOT) throw new SyntaxError(`the answer is ${name}, not ${ROOT}`);
      if (path.length !== 1 || name !== ENTRY) return;
      objects.push(infoOf(entry));
      entry = new Map();
    },
  );
  const isTruncated = field(told, 'IsTruncated') === 'true';
  const count = told.get('KeyCount');
  if (count !== undefined && Number(count) !== objects.length) {
    throw new SyntaxError(`the answer has ${objects.length} of its ${count} keys`);
  }
  return { objects, nextToken: isTruncated ? field(told, 'NextContinuationToken') : undefined };
}

function infoOf(entry: ReadonlyMap<string, string>): ObjectInfo {
  const size = field(entry, 'Size');
  const modifiedAt = Date.parse(field(entry, 'LastModified'));
  if (!/^\d{1,15}$/.test(size) || Number.isNaN(modifiedAt))
    throw new SyntaxError('an entry of the answer is malformed');
  return { key: decodeKey(field(entry, 'Key')), size: Number(size), etag: field(entry, 'ETag'), modifiedAt };
}

function field(fields: ReadonlyMap<string, string>, name: string): string {
  const text = fields.get(name);
  if (text === undefined || text === '') throw new SyntaxError(`the answer has no ${name}`);
  return text;
}

function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (cause) {
    throw new SyntaxError(`${encoded} is no key`, { cause });
  }
}
