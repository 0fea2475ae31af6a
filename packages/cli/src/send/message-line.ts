/** What a line of an NDJSON file must be before it is worth sending: the server checks everything else. */

import { LIMITS } from '@millrace/core';
import type { Problem } from '../api-shapes.ts';
import { errorText } from '../error-text.ts';
import type { Line } from './line-splitter.ts';

/** The longest line that one request can hold, in bytes; its line break must fit too. */
export const MAX_LINE_BYTES = LIMITS.requestBytes - 1;

export type LineContent =
  | { readonly kind: 'blank' }
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly messageId: string }
  | { readonly kind: 'invalid'; readonly messageId: string | null; readonly problems: readonly Problem[] };

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A message is sent as the bytes that it came as. It needs a `messageId` and a `timestamp` of its own: with values made
 * up here, running a file again would send every message again.
 */
export function readMessageLine(line: Line): LineContent {
  if (line.bytes === null) {
    const expected = `at most ${MAX_LINE_BYTES} bytes`;
    return invalid(null, { path: '$', message: 'is too long to be sent', expected });
  }
  let text: string;
  try {
    // A byte order mark, which files may begin with, is not part of the text.
    text = UTF8.decode(line.bytes);
  } catch {
    return invalid(null, { path: '$', message: 'is not valid UTF-8', expected: 'JSON in UTF-8' });
  }
  if (/^[ \t\r]*$/.test(text)) return { kind: 'blank' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return invalid(null, {
      path: '$',
      message: `is not JSON: ${errorText(error)}`,
      expected: 'one JSON object a line',
    });
  }
  return readMessage(line.bytes, value);
}

function readMessage(bytes: Uint8Array, value: unknown): LineContent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid(null, { path: '$', message: 'is not an object', expected: 'a message' });
  }
  const messageId = 'messageId' in value ? value.messageId : undefined;
  const timestamp = 'timestamp' in value ? value.timestamp : undefined;
  const problems: Problem[] = [];
  if (typeof messageId !== 'string') problems.push(faultOf('messageId', messageId));
  if (typeof timestamp !== 'string') problems.push(faultOf('timestamp', timestamp));
  const name = typeof messageId === 'string' ? messageId : null;
  if (name === null || problems.length > 0) return invalid(name, ...problems);
  return { kind: 'message', bytes: withoutMark(bytes), messageId: name };
}

function faultOf(field: string, value: unknown): Problem {
  const message = value === undefined ? 'is missing' : 'is not a string';
  return { path: `$.${field}`, message, expected: 'given in every line, so that running the file again is safe' };
}

function invalid(messageId: string | null, ...problems: Problem[]): LineContent {
  return { kind: 'invalid', messageId, problems };
}

/** EF BB BF: the byte order mark in UTF-8. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
