/**
 * Reads the body of a request as strictly as the API promises: of a known type, not too large, valid UTF-8, valid JSON.
 */

import { LIMITS } from '@millrace/core';
import { invalidRequest, ProblemError } from './problem-document.ts';
import { readStrictJson } from './strict-json.ts';

/** Media types (without parameters) by what they hold. */
const MEDIA_TYPES = {
  json: ['application/json'],
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
} as const satisfies Record<string, readonly string[]>;

export type BodyKind = keyof typeof MEDIA_TYPES;

/** Told of bytes that are kept of a body whose length was not announced; may throw to refuse the request. */
export type OnBytes = (bytes: number) => void;

/**
 * Reads one JSON value.
 * @throws ProblemError 400, 413, 415; what `onBytes` throws
 */
export async function readJsonBody(request: Request, onBytes: OnBytes): Promise<unknown> {
  const { text } = await readTextBody(request, ['json'], onBytes);
  return parseJson(text);
}

/**
 * Reads one JSON value of a request that may do without: then it is an empty object.
 * @throws ProblemError 400, 413, 415; what `onBytes` throws
 */
export async function readOptionalJsonBody(request: Request, onBytes: OnBytes): Promise<unknown> {
  const isTyped = request.headers.has('content-type');
  if (isTyped) return await readJsonBody(request, onBytes);
  const bytes = await readBytes(request, onBytes);
  if (bytes.byteLength > 0) throw unsupported('the content-type must be application/json, in UTF-8');
  return {};
}

/** Bytes of the body that the request announces; 0 when it does not say. */
export function announcedBytes(headers: Headers): number {
  const length = Number(headers.get('content-length'));
  return Number.isSafeInteger(length) ? Math.max(0, length) : 0;
}

/** @throws ProblemError 400 with where the text stops being JSON */
export function parseJson(text: string): unknown {
  const reading = readStrictJson(text);
  if ('problem' in reading) throw invalidRequest([reading.problem]);
  return reading.value;
}

/**
 * Reads a body of one of the kinds.
 * @throws ProblemError 400, 413, 415; what `onBytes` throws
 */
export async function readTextBody(
  request: Request,
  kinds: readonly BodyKind[],
  onBytes: OnBytes,
): Promise<{ readonly kind: BodyKind; readonly text: string }> {
  const kind = bodyKind(request.headers, kinds);
  return { kind, text: decodeUtf8(await readBytes(request, onBytes)) };
}

function bodyKind(headers: Headers, kinds: readonly BodyKind[]): BodyKind {
  const [mediaType = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const kind = kinds.find((candidate) => MEDIA_TYPES[candidate].some((known) => known === mediaType.trim()));
  const charsets = parameters
    .map((parameter) => parameter.trim())
    .filter((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charsets.every((charset) => /^charset="?utf-?8"?$/.test(charset));
  if (kind === undefined || !isUtf8) {
    const expected = kinds.map((candidate) => MEDIA_TYPES[candidate][0]).join(' or ');
    throw unsupported(`the content-type must be ${expected}, in UTF-8`);
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw unsupported('the body must come without a content-encoding');
  return kind;
}

function unsupported(detail: string): ProblemError {
  return new ProblemError('unsupported', 415, { detail });
}

/** The whole body, without a stream where its length is known beforehand. */
async function readBytes(request: Request, onBytes: OnBytes): Promise<ArrayBuffer | Uint8Array> {
  const length = request.headers.get('content-length');
  const isKnownToFit = length !== null && Number(length) <= LIMITS.requestBytes;
  try {
    const bytes = isKnownToFit ? await request.arrayBuffer() : await readStream(request.body, onBytes);
    if (bytes.byteLength <= LIMITS.requestBytes) return bytes;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError('invalid', 400, { detail: 'the body ended before it was complete' });
  }
  const detail = `the request must not be larger than ${LIMITS.requestBytes} bytes`;
  throw new ProblemError('too-large', 413, { detail });
}

/** Bytes of a body that is too large which are read all the same. */
const PATIENCE_BYTES = 64 * 1_024 * 1_024;

/**
 * Reads a body of any length, and keeps no more of it than a request may have and one chunk. What is too much is read
 * nevertheless, as many clients look for an answer only when they have written everything.
 */
async function readStream(stream: ReadableStream<Uint8Array> | null, onBytes: OnBytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream?.getReader();
  for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
    if (length <= LIMITS.requestBytes) {
      onBytes(next.value.length);
      chunks.push(next.value);
    }
    length += next.value.length;
    if (length > PATIENCE_BYTES) break;
  }
  return Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: ArrayBuffer | Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidRequest([{ path: '$', message: 'is not valid UTF-8', expected: 'JSON (RFC 8259) in UTF-8' }]);
  }
}
