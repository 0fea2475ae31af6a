/**
 * An entry as the body of a queue message, and as the copy of a dead letter in the object store: JSON that a person can
 * read, small enough for a queue.
 */

import { hash } from 'node:crypto';
import { METHODS } from '../domain/message.ts';
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

/** The body stands in the entry, or in the object store under a key. */
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
    readonly bodyKey?: string;
  };
}

/** An entry as text; its body apart when the whole would be too large for a queue. */
export interface EncodedEntry {
  readonly text: string;
  /** To be stored before the text is sent. */
  readonly body: { readonly key: string; readonly bytes: Uint8Array } | undefined;
}

export function encodeEntry(entry: Entry): EncodedEntry {
  const { body } = entry.request;
  if (body.length < MAX_ENTRY_BYTES) {
    const text = toText(entry, { body: encodeBody(body) });
    if (Buffer.byteLength(text) <= MAX_ENTRY_BYTES) return { text, body: undefined };
  }
  const key = bodyKey(entry);
  return { text: toText(entry, { bodyKey: key }), body: { key, bytes: body } };
}

/** With the body in it, whatever its size. */
export function encodeWhole(entry: Entry): Uint8Array {
  return Buffer.from(toText(entry, { body: encodeBody(entry.request.body) }));
}

function toText(entry: Entry, body: Pick<EntryJson['request'], 'body' | 'bodyKey'>): string {
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

/** Under the sender and the content, so that nothing can put another content in its place. */
function bodyKey({ identity, request }: Entry): string {
  return `payloads/bodies/${encodeURIComponent(identity.senderId)}/${hash('sha256', request.body, 'hex')}`;
}

/** Characters that JSON leaves as they are and a queue refuses. */
const REFUSED = /[\ufffe\uffff]/;

function encodeBody(body: Uint8Array): Text {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.length);
  const text = buffer.toString('utf8');
  const isText = !REFUSED.test(text) && Buffer.from(text).equals(buffer);
  return isText ? ['utf8', text] : ['base64', buffer.toString('base64')];
}

/**
 * Reads what `encodeEntry` or `encodeWhole` wrote.
 *
 * @param loadBody gets a body that stands apart
 * @throws UnreadableEntryError
 */
export async function decodeEntry(text: string, loadBody: (key: string) => Promise<Uint8Array>): Promise<Entry> {
  const { request, ...rest } = parse(text);
  const { method, headers, body, bodyKey: key } = request;
  const bytes = body === undefined ? await loadBody(key ?? '') : Buffer.from(body[1], body[0]);
  return { ...rest, request: { method, headers, body: bytes } };
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
  return isBody(request['body'], request['bodyKey']) ? undefined : 'request.body is missing';
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

function isBody(body: unknown, key: unknown): boolean {
  if (body === undefined) return typeof key === 'string' && key !== '';
  const [encoding, text] = Array.isArray(body) ? body : [];
  return (encoding === 'utf8' || encoding === 'base64') && typeof text === 'string';
}
