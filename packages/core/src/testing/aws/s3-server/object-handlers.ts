import type { Bucket, S3Object } from './bucket.ts';
import { checkRead, checkWrite, matches, readConditions } from './conditions.ts';
import { copySourceOf } from './copy-source.ts';
import {
  assertKeyLength,
  bucketOf,
  checksumHeader,
  etagOf,
  keptHeaders,
  payloadText,
  type S3State,
  wholeSecond,
} from './handler.ts';
import { readPayload } from './payload.ts';
import { partOf } from './ranges.ts';
import type { S3Request, S3Response } from './request.ts';
import { malformedXml, noSuchKey, preconditionFailed, S3Error } from './s3-error.ts';
import { childrenOf, element, elements, parseXml, textOf, type Xml, type XmlNode, xmlDocument } from './xml.ts';

const MAX_DELETES = 1_000;

export function putObject(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  assertKeyLength(request.key);
  const { bytes, checksum } = readPayload(request);
  checkWrite(readConditions(request.headers), bucket.get(request.key), request.key);
  const etag = etagOf(bytes);
  const modifiedAt = wholeSecond(state.now());
  bucket.set(request.key, { bytes, etag, modifiedAt, headers: keptHeaders(request), checksum });
  return { status: 200, headers: { etag, ...checksumHeader({ checksum }) } };
}

export function getObject(state: S3State, request: S3Request): S3Response {
  const object = bucketOf(state, request.bucket).get(request.key);
  if (object === undefined) throw noSuchKey(request.key);
  const { etag, modifiedAt, bytes } = object;
  const version = { etag, 'last-modified': new Date(modifiedAt).toUTCString() };
  if (checkRead(readConditions(request.headers), object) === 'not-modified') return { status: 304, headers: version };
  const headers = { ...object.headers, ...version, 'accept-ranges': 'bytes' };
  const part = partOf(request.headers.get('range'), bytes.length);
  if (part === undefined) {
    const isAsked = request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
    return { status: 200, headers: { ...headers, ...(isAsked ? checksumHeader(object) : {}) }, body: bytes };
  }
  const contentRange = `bytes ${part.start}-${part.end - 1}/${bytes.length}`;
  return {
    status: 206,
    headers: { ...headers, 'content-range': contentRange },
    body: bytes.subarray(part.start, part.end),
  };
}

export function deleteObject(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  assertDeletable(bucket.get(request.key), request.key, request.headers.get('if-match'));
  bucket.delete(request.key);
  return { status: 204 };
}

function assertDeletable(object: S3Object | undefined, key: string, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  if (object === undefined) throw noSuchKey(key);
  if (!matches(ifMatch, object)) throw preconditionFailed('If-Match');
}

export function deleteObjects(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  const document = parseXml(payloadText(request));
  const wanted = childrenOf(document, 'Object');
  if (document.name !== 'Delete' || wanted.length === 0 || wanted.length > MAX_DELETES) throw malformedXml();
  const isQuiet = textOf(document, 'Quiet') === 'true';
  const results = wanted.map((node) => deleteOne(bucket, node, isQuiet));
  return { status: 200, body: xmlDocument('DeleteResult', results) };
}

function deleteOne(bucket: Bucket, node: XmlNode, isQuiet: boolean): Xml {
  const key = textOf(node, 'Key');
  if (key === undefined) throw malformedXml();
  try {
    assertDeletable(bucket.get(key), key, textOf(node, 'ETag'));
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return element('Error', elements({ Key: key, Code: error.code, Message: error.message }));
  }
  bucket.delete(key);
  return isQuiet ? { xml: '' } : element('Deleted', elements({ Key: key }));
}

export function copyObject(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  assertKeyLength(request.key);
  const source = copySourceOf(state, request);
  const replaces = request.headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
  if (source === bucket.get(request.key) && !replaces) {
    const message =
      'This copy request is illegal because it is trying to copy an object to itself without changing it.';
    throw new S3Error(400, 'InvalidRequest', message);
  }
  checkWrite(readConditions(request.headers), bucket.get(request.key), request.key);
  const { bytes, checksum } = source;
  const copy = {
    bytes,
    checksum,
    etag: etagOf(bytes),
    modifiedAt: wholeSecond(state.now()),
    headers: replaces ? keptHeaders(request) : source.headers,
  };
  bucket.set(request.key, copy);
  const result = { LastModified: new Date(copy.modifiedAt).toISOString(), ETag: copy.etag };
  return { status: 200, body: xmlDocument('CopyObjectResult', elements(result)) };
}
