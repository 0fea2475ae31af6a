/** What `--data` stands for. */

import { createReadStream } from 'node:fs';
import { LIMITS } from '@millrace/core';
import type { MessageInput } from '../api-shapes.ts';
import { errorText } from '../error-text.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';

/** The body of a message: text as it is, bytes that are not UTF-8 as base64. */
export type BodyFields = Pick<MessageInput, 'body' | 'bodyEncoding'>;

/**
 * @param data text, `@FILE`, or `-` for standard input
 * @throws ExitError (usage) when it cannot be read, or is larger than a request may be
 */
export async function readData(io: Io, data: string): Promise<BodyFields> {
  if (data !== '-' && !data.startsWith('@')) return { body: data };
  const bytes = await readDataBytes(io, data, LIMITS.requestBytes);
  return encodeBody(bytes);
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
    throw new ExitError(EXIT.usage, `cannot read ${name}: ${errorText(error)}`, { cause: error });
  }
  if (length > limit) {
    throw new ExitError(EXIT.usage, `${name} is larger than the ${limit} bytes that a request may have`);
  }
  return Buffer.concat(parts);
}
