/** The bytes that a request carries: unpacked, and compared with every sum that came with them. */

import { hash } from 'node:crypto';
import { CHECKSUM_NAMES, type ChecksumName, checksum } from './checksums.ts';
import type { S3Request } from './request.ts';
import { notImplemented, S3Error } from './s3-error.ts';

const CHECKSUM = /^x-amz-checksum-/;
const KNOWN = new RegExp(`^x-amz-checksum-(mode|type|algorithm|${CHECKSUM_NAMES.join('|')})$`);

export interface Payload {
  readonly bytes: Buffer;
  /** That the client sent, and that fits. */
  readonly checksum: Checksum | undefined;
}

export interface Checksum {
  readonly name: ChecksumName;
  readonly value: string;
}

const UNSIGNED_CHUNKS = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/** @throws S3Error when it is cut short or does not fit its sums */
export function readPayload(request: S3Request): Payload {
  const sum = request.headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  const { bytes, trailers } = sum.startsWith('STREAMING-') ? readChunks(request, sum) : plain(request);
  if (/^[0-9a-f]{64}$/.test(sum) && hash('sha256', bytes) !== sum) {
    throw new S3Error(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  assertMd5(request.headers.get('content-md5'), bytes);
  return { bytes, checksum: readChecksum(request, trailers, bytes) };
}

/**
 * The sum that every part of an upload is to have.
 * @throws S3Error for one that this server does not have
 */
export function checksumNameOf({ headers }: S3Request): ChecksumName | undefined {
  const asked = headers.get('x-amz-checksum-algorithm')?.toLowerCase();
  const name = CHECKSUM_NAMES.find((known) => known === asked);
  if (asked !== undefined && name === undefined) throw notImplemented(`x-amz-checksum-algorithm: ${asked}`);
  return name;
}

interface Unpacked {
  readonly bytes: Buffer;
  readonly trailers: ReadonlyMap<string, string>;
}

function plain({ body }: S3Request): Unpacked {
  return { bytes: body, trailers: new Map() };
}

/** `size in hex CRLF bytes CRLF` again and again, size 0 last; then `name:value CRLF` for each trailer, and CRLF. */
function readChunks({ body, headers }: S3Request, kind: string): Unpacked {
  if (kind !== UNSIGNED_CHUNKS) throw notImplemented(`x-amz-content-sha256: ${kind}`);
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', position);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(body.toString('latin1', position, lineEnd), 16);
    const start = lineEnd + 2;
    if (Number.isNaN(size) || start + size > body.length) throw incompleteBody();
    position = start + size;
    if (size === 0) break;
    chunks.push(body.subarray(start, position));
    position += 2;
  }
  const bytes = Buffer.concat(chunks);
  if (headers.get('x-amz-decoded-content-length') !== String(bytes.length)) throw incompleteBody();
  return { bytes, trailers: readTrailers(body.toString('latin1', position)) };
}

function readTrailers(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name.trim().toLowerCase(), value.join(':').trim()];
    }),
  );
}

function incompleteBody(): S3Error {
  return new S3Error(400, 'IncompleteBody', 'The request body terminated unexpectedly');
}

function assertMd5(expected: string | undefined, bytes: Buffer): void {
  if (expected === undefined || hash('md5', bytes, 'base64') === expected) return;
  throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
}

function readChecksum(
  { headers }: S3Request,
  trailers: ReadonlyMap<string, string>,
  bytes: Buffer,
): Checksum | undefined {
  const announced = headers.get('x-amz-trailer');
  if (announced !== undefined && !trailers.has(announced.toLowerCase())) {
    throw new S3Error(400, 'MalformedTrailerError', 'The request contained trailing data that was not well-formed.');
  }
  const unknown = [...headers.keys(), ...trailers.keys()].find((name) => CHECKSUM.test(name) && !KNOWN.test(name));
  if (unknown !== undefined) throw notImplemented(unknown);
  for (const name of CHECKSUM_NAMES) {
    const header = `x-amz-checksum-${name}`;
    const value = headers.get(header) ?? trailers.get(header);
    if (value === undefined) continue;
    if (checksum(name, bytes) === value) return { name, value };
    throw new S3Error(
      400,
      'BadDigest',
      `The ${name.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }
  return undefined;
}
