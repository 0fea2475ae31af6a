/** Which operation of S3 a request is. */

import type { S3Request } from './request.ts';
import { notImplemented, S3Error } from './s3-error.ts';

export type S3Operation =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'GetBucketLocation'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'DeleteObjects'
  | 'PutObject'
  | 'CopyObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts';

/** What the query of a request may hold beside signatures, for each operation. Anything else is not implemented. */
const ALLOWED: Readonly<Record<S3Operation, readonly string[]>> = {
  ListBuckets: [],
  CreateBucket: [],
  HeadBucket: [],
  DeleteBucket: [],
  GetBucketLocation: ['location'],
  ListObjectsV2: [
    'list-type',
    'prefix',
    'delimiter',
    'start-after',
    'continuation-token',
    'max-keys',
    'encoding-type',
    'fetch-owner',
  ],
  ListMultipartUploads: ['uploads', 'prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
  DeleteObjects: ['delete'],
  PutObject: [],
  CopyObject: [],
  GetObject: [],
  HeadObject: [],
  DeleteObject: [],
  CreateMultipartUpload: ['uploads'],
  UploadPart: ['uploadId', 'partNumber'],
  UploadPartCopy: ['uploadId', 'partNumber'],
  CompleteMultipartUpload: ['uploadId'],
  AbortMultipartUpload: ['uploadId'],
  ListParts: ['uploadId', 'max-parts', 'part-number-marker'],
};

/** @throws S3Error for what this server lacks, and for what S3 does not have */
export function operationOf(request: S3Request): S3Operation {
  const operation = find(request);
  if (operation === undefined) {
    throw new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }
  const isKnown = (name: string): boolean =>
    ALLOWED[operation].includes(name) || name === 'x-id' || name.toLowerCase().startsWith('x-amz-');
  const unknown = [...request.query.keys()].filter((name) => !isKnown(name));
  if (unknown.length > 0) throw notImplemented(`${operation} with ${unknown.join(', ')}`);
  return operation;
}

function find(request: S3Request): S3Operation | undefined {
  if (request.bucket === '') return request.method === 'GET' ? 'ListBuckets' : undefined;
  return request.key === '' ? ofBucket(request) : ofObject(request);
}

function ofBucket({ method, query }: S3Request): S3Operation | undefined {
  switch (method) {
    case 'PUT':
      return 'CreateBucket';
    case 'HEAD':
      return 'HeadBucket';
    case 'DELETE':
      return 'DeleteBucket';
    case 'POST':
      return query.has('delete') ? 'DeleteObjects' : undefined;
    case 'GET':
      if (query.has('location')) return 'GetBucketLocation';
      if (query.has('uploads')) return 'ListMultipartUploads';
      if (query.get('list-type') === '2') return 'ListObjectsV2';
      throw notImplemented('ListObjects (version 1)');
    default:
      return undefined;
  }
}

function ofObject({ method, query, headers }: S3Request): S3Operation | undefined {
  const isPart = query.has('uploadId');
  const isCopy = headers.has('x-amz-copy-source');
  switch (method) {
    case 'PUT':
      if (isPart) return isCopy ? 'UploadPartCopy' : 'UploadPart';
      return isCopy ? 'CopyObject' : 'PutObject';
    case 'GET':
      return isPart ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'DELETE':
      return isPart ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return isPart ? 'CompleteMultipartUpload' : undefined;
    default:
      return undefined;
  }
}
