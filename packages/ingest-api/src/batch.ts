/**
 * Several messages in one request: as a JSON array, or one a line.
 */

import { LIMITS } from '@millrace/core';
import * as z from 'zod/mini';
import type { MessageReader, MessageReading } from './message-reader.ts';
import { invalidRequest, type ProblemError } from './problem-document.ts';
import { batchSchema } from './requests.ts';
import { readStrictJson } from './strict-json.ts';
import { validate } from './validate.ts';

/** A message of a batch as it was given, and what it was read as. */
export interface BatchItem {
  readonly value: unknown;
  readonly reading: MessageReading;
}

const envelope = batchSchema(z.unknown());

/**
 * Reads `{"messages":[…]}`. Problems have paths within the request: `$.messages[3].senderId`.
 * @throws ProblemError 400 when there is no such array, or it has no messages or too many
 */
export function readJsonBatch(value: unknown, readMessage: MessageReader): readonly BatchItem[] {
  const { messages } = validate(envelope, value);
  return messages.map((item, index) => ({ value: item, reading: readMessage(item, `$.messages[${index}]`) }));
}

/**
 * Reads a message a line; lines of nothing but white space do not count. A line that is not JSON is an invalid
 * message, and the others go on. Problems have paths within their message: `$.senderId`.
 * @throws ProblemError 400 when there are no messages or too many
 */
export function readNdjsonBatch(text: string, readMessage: MessageReader): readonly BatchItem[] {
  const items: BatchItem[] = [];
  for (const line of filledLines(text)) {
    if (items.length === LIMITS.batchSize) throw wrongCount(`has more than ${LIMITS.batchSize} messages`);
    items.push(readLine(line.text, line.number, readMessage));
  }
  if (items.length === 0) throw wrongCount('is empty');
  return items;
}

function wrongCount(message: string): ProblemError {
  return invalidRequest([{ path: '$', message, expected: `1 to ${LIMITS.batchSize} messages, one a line` }]);
}

/** One by one: a request can be millions of empty lines. */
function* filledLines(text: string): Generator<{ readonly text: string; readonly number: number }> {
  let number = 1;
  for (let start = 0; start < text.length; number++) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end);
    if (/[^ \t\r]/.test(line)) yield { text: line, number };
    start = end + 1;
  }
}

function readLine(text: string, line: number, readMessage: MessageReader): BatchItem {
  const json = readStrictJson(text, line);
  if ('value' in json) return { value: json.value, reading: readMessage(json.value) };
  return { value: undefined, reading: { kind: 'invalid', problems: [json.problem] } };
}
