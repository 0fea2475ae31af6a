import { type Bucket, fromByteString, toByteString, type Upload } from './bucket.ts';
import { bucketOf, type S3State, wholeNumber } from './handler.ts';
import { listPage } from './listing.ts';
import type { S3Request, S3Response } from './request.ts';
import { invalidArgument, noSuchKey } from './s3-error.ts';
import { encode } from './signature.ts';
import { element, elements, type Xml, xmlDocument } from './xml.ts';

const MAX_KEYS = 1_000;

export function listObjects(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  const { query } = request;
  const shown = keyEncoder(request);
  const maxKeys = wholeNumber(request, 'max-keys', MAX_KEYS, MAX_KEYS);
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const prefix = query.get('prefix') ?? '';
  const page = listPage(bucket.keys.sorted(), {
    prefix: toByteString(prefix),
    delimiter: toByteString(delimiter),
    after: token === undefined ? toByteString(startAfter) : readToken(token),
    maxKeys,
  });
  const groups = page.commonPrefixes.map(fromByteString);
  const body = [
    ...elements({
      Name: bucket.name,
      Prefix: shown(prefix),
      Delimiter: delimiter === '' ? undefined : shown(delimiter),
      StartAfter: startAfter === '' ? undefined : shown(startAfter),
      ContinuationToken: token,
      MaxKeys: maxKeys,
      KeyCount: page.keys.length + groups.length,
      EncodingType: query.get('encoding-type'),
      IsTruncated: page.next !== undefined,
      NextContinuationToken: page.next === undefined ? undefined : makeToken(page.next),
    }),
    ...page.keys.map((key) => contents(bucket, fromByteString(key), shown)),
    ...groups.map((group) => element('CommonPrefixes', elements({ Prefix: shown(group) }))),
  ];
  return { status: 200, body: xmlDocument('ListBucketResult', body) };
}

function contents(bucket: Bucket, key: string, shown: (key: string) => string): Xml {
  const object = bucket.get(key);
  if (object === undefined) throw noSuchKey(key);
  const fields = {
    Key: shown(key),
    LastModified: new Date(object.modifiedAt).toISOString(),
    ETag: object.etag,
    Size: object.bytes.length,
    StorageClass: 'STANDARD',
  };
  return element('Contents', elements(fields));
}

export function listUploads(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  const { query } = request;
  const shown = keyEncoder(request);
  const maxUploads = wholeNumber(request, 'max-uploads', MAX_KEYS, MAX_KEYS);
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const isBehind = ({ key, id }: Upload): boolean =>
    toByteString(key) > toByteString(keyMarker) || (key === keyMarker && idMarker !== '' && id > idMarker);
  const wanted = [...bucket.uploads.values()].filter((upload) => upload.key.startsWith(prefix) && isBehind(upload));
  const uploads = wanted.sort(inOrder).slice(0, maxUploads);
  const last = uploads.length < wanted.length ? uploads.at(-1) : undefined;
  const body = [
    ...elements({
      Bucket: bucket.name,
      Prefix: shown(prefix),
      KeyMarker: shown(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: last && shown(last.key),
      NextUploadIdMarker: last?.id,
      MaxUploads: maxUploads,
      EncodingType: query.get('encoding-type'),
      IsTruncated: last !== undefined,
    }),
    ...uploads.map(({ key, id, initiatedAt }) =>
      element('Upload', elements({ Key: shown(key), UploadId: id, Initiated: new Date(initiatedAt).toISOString() })),
    ),
  ];
  return { status: 200, body: xmlDocument('ListMultipartUploadsResult', body) };
}

function inOrder(a: Upload, b: Upload): number {
  return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/** As S3 writes keys when it is asked to: a space is `+`, a slash stays. */
function keyEncoder({ query }: S3Request): (key: string) => string {
  const type = query.get('encoding-type');
  if (type === undefined) return (key) => key;
  if (type !== 'url') throw invalidArgument('encoding-type', type, 'Invalid Encoding Method specified in Request');
  return (key) => encode(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}

/** Opaque, so that nobody builds one. */
function makeToken(after: string): string {
  return Buffer.from(`1:${after}`, 'latin1').toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('latin1');
  if (text.startsWith('1:') && makeToken(text.slice(2)) === token) return text.slice(2);
  throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
}
