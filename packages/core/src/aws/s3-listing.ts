import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { ObjectInfo, ObjectPage, ObjectQuery } from '../ports/object-store.ts';
import { told } from './s3-errors.ts';

/** S3 lists no more at once. */
const PAGE_KEYS = 1_000;

/**
 * A page of a bucket. S3 may give fewer keys than were asked for and have more; then it is asked again.
 *
 * @param base what all keys of the store begin with in the bucket
 */
export async function listObjects(
  client: S3Client,
  bucket: string,
  base: string,
  { prefix = '', startAfter = '', limit }: ObjectQuery,
): Promise<ObjectPage> {
  const objects: ObjectInfo[] = [];
  let token: string | undefined;
  for (;;) {
    const output = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: base + prefix,
        MaxKeys: Math.min(limit - objects.length, PAGE_KEYS),
        // XML cannot carry every character of a key.
        EncodingType: 'url',
        ...(token !== undefined && { ContinuationToken: token }),
        ...(token === undefined && startAfter !== '' && { StartAfter: base + startAfter }),
      }),
    );
    objects.push(...readKeys(output, base));
    const more = output.IsTruncated === true;
    if (!more || objects.length >= limit) return { objects, more };
    token = told(output.NextContinuationToken);
  }
}

function readKeys({ Contents = [] }: ListObjectsV2CommandOutput, base: string): readonly ObjectInfo[] {
  return Contents.map(({ Key, Size, ETag, LastModified }) => ({
    key: decodeKey(told(Key)).slice(base.length),
    size: told(Size),
    etag: told(ETag),
    modifiedAt: told(LastModified).getTime(),
  }));
}

function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}
