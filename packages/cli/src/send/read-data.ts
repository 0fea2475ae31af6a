/** What `--data` stands for. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { LIMITS } from '@millrace/core';
import type { MessageInput } from '../api-shapes.ts';
import { errorText } from '../error-text.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';

/** The body of a message: text as it is, bytes that are not UTF-8 as base64. */
type BodyFields = Pick<MessageInput, 'body' | 'bodyEncoding'>;

export interface LargeFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export type Data =
  | { readonly kind: 'body'; readonly fields: BodyFields }
  /** More than a request can hold. */
  | { readonly kind: 'file'; readonly file: LargeFile };

/** Bytes of a request beside the body. */
const OTHER_FIELDS_BYTES = 64 * 1_024;

/**
 * @param data text, `@FILE`, or `-` for standard input
 * @throws ExitError (usage) when it cannot be read, or is larger than it may be
 */
export async function readData(io: Io, data: string): Promise<Data> {
  if (data === '-') return bodyOf(await readDataBytes(io, data, LIMITS.requestBytes));
  if (!data.startsWith('@')) return { kind: 'body', fields: { body: data } };
  const path = data.slice(1);
  const size = await sizeOf(path);
  if (size !== undefined && size > LIMITS.requestBytes) return fileOf(path, size);
  const read = bodyOf(await readDataBytes(io, data, LIMITS.requestBytes));
  const fits = Buffer.byteLength(JSON.stringify(read.fields)) <= LIMITS.requestBytes - OTHER_FIELDS_BYTES;
  return fits || size === undefined ? read : fileOf(path, size);
}

/**
 * @param data text, `@FILE`, or `-` for standard input
 * @param limit bytes
 * @throws ExitError (usage) when it cannot be read, or is larger than that
 */
export async function readDataBytes(io: Io, data: string, limit: number): Promise<Uint8Array> {
  if (data === '-') return await readAll(io.stdin, 'standard input', limit);
  if (!data.startsWith('@')) return Buffer.from(data);
  const path = data.slice(1);
  return await readAll(createReadStream(path), path, limit);
}

/** Undefined for what is no file with a beginning and an end, such as a pipe. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? stats.size : undefined;
  } catch (error) {
    throw cannotRead(path, error);
  }
}

function fileOf(path: string, size: number): Data {
  if (size <= LIMITS.payloadBytes) return { kind: 'file', file: { path, size } };
  throw new ExitError(EXIT.usage, `${path} is larger than the ${LIMITS.payloadBytes} bytes that a body may have`);
}

function bodyOf(bytes: Uint8Array): Extract<Data, { kind: 'body' }> {
  return { kind: 'body', fields: encodeBody(bytes) };
}

// A byte order mark is a part of the body like any other.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function encodeBody(bytes: Uint8Array): BodyFields {
  try {
    return { body: UTF8.decode(bytes) };
  } catch {
    return { body: Buffer.from(bytes).toString('base64'), bodyEncoding: 'base64' };
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array | string>, name: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      length += bytes.length;
      if (length > limit) break;
      parts.push(bytes);
    }
  } catch (error) {
    throw cannotRead(name, error);
  }
  if (length > limit) {
    const advice = name === 'standard input' ? ': put it into a file, and give @FILE' : '';
    throw new ExitError(EXIT.usage, `${name} is larger than the ${limit} bytes that it may have${advice}`);
  }
  return Buffer.concat(parts);
}

function cannotRead(name: string, error: unknown): ExitError {
  return new ExitError(EXIT.usage, `cannot read ${name}: ${errorText(error)}`, { cause: error });
}
