import type { S3Object } from './bucket.ts';
import { checkRead, readConditions } from './conditions.ts';
import { bucketOf, type S3State } from './handler.ts';
import { decode, type S3Request } from './request.ts';
import { invalidArgument, noSuchKey, notImplemented, preconditionFailed } from './s3-error.ts';

/**
 * The object that a copy reads, when its conditions hold.
 * @throws S3Error
 */
export function copySourceOf(state: S3State, { headers }: S3Request): S3Object {
  const header = headers.get('x-amz-copy-source') ?? '';
  const [path = '', query] = header.split('?');
  if (query !== undefined) throw notImplemented('x-amz-copy-source with a version');
  const [, bucket = '', key = ''] = /^\/?([^/]*)\/(.*)$/s.exec(decode(path)) ?? [];
  if (bucket === '' || key === '') {
    throw invalidArgument('x-amz-copy-source', header, 'Copy Source must mention the source bucket and key');
  }
  const object = bucketOf(state, bucket).get(key);
  if (object === undefined) throw noSuchKey(key);
  if (checkRead(readConditions(headers, 'x-amz-copy-source-'), object) === 'not-modified') {
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
  }
  return object;
}
