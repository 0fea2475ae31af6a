/** Conditions of requests, after RFC 9110 and what S3 makes of them. */

import { noSuchKey, notImplemented, preconditionFailed } from './s3-error.ts';

/** What conditions ask about. */
export interface Version {
  readonly etag: string;
  /** Epoch milliseconds, whole seconds. */
  readonly modifiedAt: number;
}

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
}

/** @param prefix of the names: empty, or that of the conditions on the source of a copy */
export function readConditions(headers: ReadonlyMap<string, string>, prefix = ''): Conditions {
  return {
    ifMatch: headers.get(`${prefix}if-match`),
    ifNoneMatch: headers.get(`${prefix}if-none-match`),
    ifModifiedSince: headers.get(`${prefix}if-modified-since`),
    ifUnmodifiedSince: headers.get(`${prefix}if-unmodified-since`),
  };
}

/**
 * May a read answer with the object, or has nothing changed for the reader?
 * @throws S3Error PreconditionFailed
 */
export function checkRead(conditions: Conditions, version: Version): 'send' | 'not-modified' {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version)) throw preconditionFailed('If-Match');
  } else if (ifUnmodifiedSince !== undefined && version.modifiedAt > Date.parse(ifUnmodifiedSince)) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, version) ? 'not-modified' : 'send';
  const isUnmodified = ifModifiedSince !== undefined && version.modifiedAt <= Date.parse(ifModifiedSince);
  return isUnmodified ? 'not-modified' : 'send';
}

/** @throws S3Error PreconditionFailed, and NoSuchKey where an object must match and there is none */
export function checkWrite({ ifMatch, ifNoneMatch }: Conditions, version: Version | undefined, key: string): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw notImplemented('If-None-Match with an ETag on a write');
  if (ifNoneMatch === '*' && version !== undefined) throw preconditionFailed('If-None-Match');
  if (ifMatch === undefined) return;
  if (version === undefined) throw noSuchKey(key);
  if (!matches(ifMatch, version)) throw preconditionFailed('If-Match');
}

export function matches(list: string, { etag }: Version): boolean {
  return list.split(',').some((item) => item.trim() === '*' || unquoted(item) === unquoted(etag));
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1');
}
