import { createBucket } from './bucket.ts';
import { bucketOf, type S3State } from './handler.ts';
import type { S3Request, S3Response } from './request.ts';
import { S3Error } from './s3-error.ts';
import { element, elements, xmlDocument } from './xml.ts';

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function listBuckets({ buckets }: S3State): S3Response {
  const listed = [...buckets.values()].map(({ name, createdAt }) =>
    element('Bucket', elements({ Name: name, CreationDate: new Date(createdAt).toISOString() })),
  );
  return { status: 200, body: xmlDocument('ListAllMyBucketsResult', elements({ Buckets: listed })) };
}

export function makeBucket({ buckets, now }: S3State, { bucket: name }: S3Request): S3Response {
  if (!BUCKET_NAME.test(name)) throw new S3Error(400, 'InvalidBucketName', 'The specified bucket is not valid.');
  if (buckets.has(name)) {
    const message = 'Your previous request to create the named bucket succeeded and you already own it.';
    throw new S3Error(409, 'BucketAlreadyOwnedByYou', message);
  }
  buckets.set(name, createBucket(name, now()));
  return { status: 200, headers: { location: `/${name}` } };
}

export function headBucket(state: S3State, request: S3Request): S3Response {
  bucketOf(state, request.bucket);
  return { status: 200 };
}

export function deleteBucket(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  if (bucket.keys.size > 0 || bucket.uploads.size > 0) {
    throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty');
  }
  state.buckets.delete(bucket.name);
  return { status: 204 };
}

export function bucketLocation(state: S3State, request: S3Request): S3Response {
  bucketOf(state, request.bucket);
  return { status: 200, body: xmlDocument('LocationConstraint', '') };
}
