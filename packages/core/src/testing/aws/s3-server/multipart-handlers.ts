import { hash } from 'node:crypto';
import type { Bucket, Upload, UploadedPart } from './bucket.ts';
import { type ChecksumName, checksum as checksumOf } from './checksums.ts';
import { checkWrite, readConditions, unquoted } from './conditions.ts';
import { copySourceOf } from './copy-source.ts';
import {
  assertKeyLength,
  bucketOf,
  checksumHeader,
  etagOf,
  keptHeaders,
  payloadText,
  type S3State,
  wholeNumber,
  wholeSecond,
} from './handler.ts';
import { type Checksum, checksumNameOf, type Payload, readPayload } from './payload.ts';
import type { S3Request, S3Response } from './request.ts';
import { invalidArgument, malformedXml, S3Error } from './s3-error.ts';
import { childrenOf, element, elements, parseXml, textOf, xmlDocument } from './xml.ts';

/** Of every part but the last. */
const MIN_PART_BYTES = 5 * 1_024 * 1_024;
const MAX_PARTS = 10_000;

interface OpenUpload {
  readonly bucket: Bucket;
  readonly upload: Upload;
}

export function createUpload(state: S3State, request: S3Request): S3Response {
  const bucket = bucketOf(state, request.bucket);
  assertKeyLength(request.key);
  const upload = {
    id: state.newId(),
    key: request.key,
    initiatedAt: state.now(),
    headers: keptHeaders(request),
    checksum: checksumNameOf(request),
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  const result = { Bucket: bucket.name, Key: upload.key, UploadId: upload.id };
  return { status: 200, body: xmlDocument('InitiateMultipartUploadResult', elements(result)) };
}

export function uploadPart(state: S3State, request: S3Request): S3Response {
  const { upload } = openUpload(state, request);
  const payload = readPayload(request);
  if (upload.checksum !== undefined && payload.checksum?.name !== upload.checksum) {
    const types = `expected checksum Type: ${upload.checksum}, actual checksum Type: ${payload.checksum?.name ?? 'null'}`;
    throw new S3Error(400, 'InvalidRequest', `Checksum Type mismatch occurred, ${types}`);
  }
  const { etag, checksum } = keepPart(state, request, upload, payload);
  return { status: 200, headers: { etag, ...checksumHeader({ checksum }) } };
}

export function uploadPartCopy(state: S3State, request: S3Request): S3Response {
  const { upload } = openUpload(state, request);
  const { bytes } = copySourceOf(state, request);
  const part = copiedBytes(bytes, request.headers.get('x-amz-copy-source-range'));
  const name = upload.checksum;
  const checksum = name && { name, value: checksumOf(name, part) };
  const { etag, modifiedAt } = keepPart(state, request, upload, { bytes: part, checksum });
  const result = { LastModified: new Date(modifiedAt).toISOString(), ETag: etag, ...checksumElement(checksum) };
  return { status: 200, body: xmlDocument('CopyPartResult', elements(result)) };
}

function checksumElement(checksum: Checksum | undefined): Readonly<Record<string, string>> {
  return checksum === undefined ? {} : { [checksumElementName(checksum)]: checksum.value };
}

function checksumElementName({ name }: Checksum): string {
  return `Checksum${name.toUpperCase()}`;
}

/** Stricter than a Range: both ends, and within the source. */
function copiedBytes(bytes: Buffer, range: string | undefined): Buffer {
  if (range === undefined) return bytes;
  const name = 'x-amz-copy-source-range';
  const match = /^bytes=(\d+)-(\d+)$/.exec(range);
  if (match === null || Number(match[1]) > Number(match[2])) {
    throw invalidArgument(name, range, `The ${name} value must be of the form bytes=first-last`);
  }
  const end = Number(match[2]) + 1;
  if (end > bytes.length) {
    throw invalidArgument(name, range, `Range specified is not valid for source object of size: ${bytes.length}`);
  }
  if (bytes.length <= MIN_PART_BYTES) {
    const message = 'The specified copy source is not supported as a byte-range copy source';
    throw new S3Error(400, 'InvalidRequest', message);
  }
  return bytes.subarray(Number(match[1]), end);
}

function keepPart(state: S3State, request: S3Request, upload: Upload, { bytes, checksum }: Payload): UploadedPart {
  const number = Number(request.query.get('partNumber'));
  if (!(Number.isInteger(number) && number >= 1 && number <= MAX_PARTS)) {
    const message = `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`;
    throw invalidArgument('partNumber', request.query.get('partNumber') ?? '', message);
  }
  const part = { bytes, checksum, etag: etagOf(bytes), modifiedAt: wholeSecond(state.now()) };
  upload.parts.set(number, part);
  return part;
}

export function completeUpload(state: S3State, request: S3Request): S3Response {
  const { bucket, upload } = openUpload(state, request);
  const parts = namedParts(upload, payloadText(request));
  checkWrite(readConditions(request.headers), bucket.get(upload.key), upload.key);
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  const sums = Buffer.concat(parts.map((part) => Buffer.from(unquoted(part.etag), 'hex')));
  const etag = `"${hash('md5', sums)}-${parts.length}"`;
  const modifiedAt = wholeSecond(state.now());
  bucket.set(upload.key, { bytes, etag, modifiedAt, headers: upload.headers, checksum: undefined });
  bucket.uploads.delete(upload.id);
  const result = { Location: `/${bucket.name}/${upload.key}`, Bucket: bucket.name, Key: upload.key, ETag: etag };
  return { status: 200, body: xmlDocument('CompleteMultipartUploadResult', elements(result)) };
}

/** @throws S3Error when the list of parts is not that of an object */
function namedParts(upload: Upload, xml: string): readonly UploadedPart[] {
  const document = parseXml(xml);
  const named = childrenOf(document, 'Part');
  if (document.name !== 'CompleteMultipartUpload' || named.length === 0) throw malformedXml();
  let before = 0;
  const parts = named.map((node) => {
    const number = Number(textOf(node, 'PartNumber'));
    if (!(number > before)) {
      const message = 'The list of parts was not in ascending order. Parts must be ordered by part number.';
      throw new S3Error(400, 'InvalidPartOrder', message);
    }
    before = number;
    const part = upload.parts.get(number);
    const sum = part?.checksum && textOf(node, checksumElementName(part.checksum));
    const isNamed = part !== undefined && unquoted(textOf(node, 'ETag') ?? '') === unquoted(part.etag);
    if (!isNamed || (sum !== undefined && sum !== part.checksum?.value)) throw invalidPart(upload, number);
    if (upload.checksum !== undefined && sum === undefined) throw missingChecksum(upload.checksum, number);
    return part;
  });
  const small = parts.findIndex((part, index) => part.bytes.length < MIN_PART_BYTES && index < parts.length - 1);
  if (small !== -1) {
    throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      details: { ProposedSize: String(parts[small]?.bytes.length), MinSizeAllowed: String(MIN_PART_BYTES) },
    });
  }
  return parts;
}

function invalidPart(upload: Upload, number: number): S3Error {
  const message =
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
  return new S3Error(400, 'InvalidPart', message, { details: { UploadId: upload.id, PartNumber: String(number) } });
}

function missingChecksum(name: ChecksumName, part: number): S3Error {
  const message = `The upload was created using a ${name} checksum. The complete request must include the checksum for each part. It was missing for part ${part} in the request.`;
  return new S3Error(400, 'InvalidRequest', message);
}

export function abortUpload(state: S3State, request: S3Request): S3Response {
  const { bucket, upload } = openUpload(state, request);
  bucket.uploads.delete(upload.id);
  return { status: 204 };
}

export function listParts(state: S3State, request: S3Request): S3Response {
  const { bucket, upload } = openUpload(state, request);
  const marker = wholeNumber(request, 'part-number-marker', 0, MAX_PARTS);
  const maxParts = wholeNumber(request, 'max-parts', 1_000, 1_000);
  const behind = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const page = behind.slice(0, maxParts);
  const body = [
    ...elements({
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.[0],
      MaxParts: maxParts,
      IsTruncated: page.length < behind.length,
    }),
    ...page.map(([number, { etag, bytes, modifiedAt }]) => {
      const lastModified = new Date(modifiedAt).toISOString();
      const fields = { PartNumber: number, LastModified: lastModified, ETag: etag, Size: bytes.length };
      return element('Part', elements(fields));
    }),
  ];
  return { status: 200, body: xmlDocument('ListPartsResult', body) };
}

/** @throws S3Error NoSuchUpload */
function openUpload(state: S3State, request: S3Request): OpenUpload {
  const bucket = bucketOf(state, request.bucket);
  const id = request.query.get('uploadId') ?? '';
  const upload = bucket.uploads.get(id);
  if (upload?.key === request.key) return { bucket, upload };
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  throw new S3Error(404, 'NoSuchUpload', message, { details: { UploadId: id } });
}
