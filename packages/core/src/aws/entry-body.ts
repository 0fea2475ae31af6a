/**
 * An entry as the body of a queue message, and as the copy of a dead letter in the object store: JSON that a person can
 * read, small enough for a queue.
 */

import { METHODS } from '../domain/message.ts';
import type { PayloadRef } from '../domain/payload.ts';
import { parseTraceparent } from '../domain/trace-context.ts';
import { MillraceError } from '../errors.ts';
import type { Entry } from '../ports/message-store.ts';

/** A record that is no entry of this version: nothing can be done with it but to keep it for people. */
export class UnreadableEntryError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('unreadable-entry', message, options);
  }
}

/** Bytes of a queue message, with room for its attributes. */
export const MAX_ENTRY_BYTES = 256 * 1_024 - 2_048;

type Text = readonly [encoding: 'utf8' | 'base64', text: string];

/** The body stands in the entry, or in the payload store. */
interface EntryJson {
  readonly v: 1;
  readonly identity: Entry['identity'];
  readonly round: number;
  readonly notBefore: number;
  readonly maxAttempts: number;
  readonly expiresAt: number;
  readonly traceparent?: string;
  readonly request: {
    readonly method: Entry['request']['method'];
    readonly headers: Entry['request']['headers'];
    readonly body?: Text;
    readonly payload?: PayloadRef;
  };
}

/** @throws RangeError when it does not fit: a body that large belongs into the payload store */
export function encodeEntry(entry: Entry): string {
  const { body, payload } = entry.request;
  if (payload !== undefined) return toText(entry, { payload });
  // Escapes can take more room than base64, in which every body fits that may stand in an entry.
  for (const encode of [encodeBody, base64Of]) {
    const text = toText(entry, { body: encode(body) });
    if (Buffer.byteLength(text) <= MAX_ENTRY_BYTES) return text;
  }
  throw new RangeError(`an entry with a body of ${body.length} bytes does not fit into a queue`);
}

function toText(entry: Entry, body: Pick<EntryJson['request'], 'body' | 'payload'>): string {
  const { v, identity, round, notBefore, maxAttempts, expiresAt, request, traceparent } = entry;
  const { method, headers } = request;
  const json: EntryJson = {
    v,
    identity,
    round,
    notBefore,
    maxAttempts,
    expiresAt,
    ...(traceparent === undefined ? {} : { traceparent }),
    request: { method, headers, ...body },
  };
  return JSON.stringify(json);
}

/** Characters that JSON leaves as they are and a queue refuses. */
const REFUSED = /[\ufffe\uffff]/;

function encodeBody(body: Uint8Array): Text {
  const buffer = toBuffer(body);
  const text = buffer.toString('utf8');
  const isText = !REFUSED.test(text) && Buffer.from(text).equals(buffer);
  return isText ? ['utf8', text] : base64Of(body);
}

function base64Of(body: Uint8Array): Text {
  return ['base64', toBuffer(body).toString('base64')];
}

/** The same bytes, not a copy. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Reads what `encodeEntry` wrote.
 *
 * @throws UnreadableEntryError
 */
export function decodeEntry(text: string): Entry {
  const { request, ...rest } = parse(text);
  const { method, headers, body, payload } = request;
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body[1], body[0]);
  return { ...rest, request: { method, headers, body: bytes, ...(payload === undefined ? {} : { payload }) } };
}

function parse(text: string): EntryJson {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UnreadableEntryError('a queue entry is not JSON', { cause: error });
  }
  const fault = findFault(json);
  if (fault !== undefined) throw new UnreadableEntryError(`a queue entry cannot be read: ${fault}`);
  return json as EntryJson;
}

/** What keeps a value from being an entry. Only Millrace writes entries: it is enough to know that one is whole. */
function findFault(json: unknown): string | undefined {
  if (!isRecord(json)) return 'it is not an object';
  if (json['v'] !== 1) return `its version is ${JSON.stringify(json['v'])}, this program knows 1`;
  const { identity, request } = json;
  for (const name of ['round', 'notBefore', 'maxAttempts', 'expiresAt']) {
    if (!Number.isSafeInteger(json[name])) return `${name} is not a whole number`;
  }
  if (!isRecord(identity)) return 'identity is not an object';
  for (const name of ['senderId', 'messageId', 'timestamp', 'targetUrl']) {
    if (typeof identity[name] !== 'string' || identity[name] === '') return `identity.${name} is not a text`;
  }
  if (!isTraceparent(json['traceparent'])) return 'traceparent is not one';
  if (!isRecord(request)) return 'request is not an object';
  if (!METHODS.some((method) => method === request['method'])) return 'request.method is not one that is known';
  if (!isHeaderList(request['headers'])) return 'request.headers is not a list of names and values';
  if (request['payload'] === undefined) return isBody(request['body']) ? undefined : 'request.body is missing';
  return isPayload(request['payload']) ? undefined : 'request.payload is not that of a payload';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTraceparent(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && parseTraceparent(value) === value);
}

function isHeaderList(value: unknown): boolean {
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
  return Array.isArray(value) && value.every(isPair);
}

function isBody(body: unknown): boolean {
  const [encoding, text] = Array.isArray(body) ? body : [];
  return (encoding === 'utf8' || encoding === 'base64') && typeof text === 'string';
}

function isPayload(payload: unknown): boolean {
  if (!isRecord(payload) || !Number.isSafeInteger(payload['size'])) return false;
  return ['key', 'sha256', 'etag'].every((name) => typeof payload[name] === 'string' && payload[name] !== '');
}
