/**
 * The bytes of requests, made by copying a template and writing the few bytes that differ: the generator shares the
 * machine with what it measures.
 */

import { randomUUID } from 'node:crypto';
import type { MessageTemplate } from './plan.ts';

/** Digits of a message's number, in its id and in its body. */
export const NUMBER_DIGITS = 12;

/** The body of a delivery is JSON: `{"n":"000000000042","data":"xxx…"}`. */
const BODY_HEAD = '{"n":"';
const BODY_MIDDLE = '","data":"';
const BODY_TAIL = '"}';
const NUMBERED_BODY_BYTES = BODY_HEAD.length + NUMBER_DIGITS + BODY_MIDDLE.length + BODY_TAIL.length;

/** Where the number stands in a body. */
const NUMBER_OFFSET = BODY_HEAD.length;

const BLANK_NUMBER = '0'.repeat(NUMBER_DIGITS);
const BLANK_UUID = '00000000-0000-0000-0000-000000000000';

/** Makes the body of one request: `messages` messages, the first of them numbered `first`. */
export type BodyWriter = (first: number, messages: number) => Buffer;

/** Bytes with places that differ from message to message. */
interface Template {
  readonly bytes: Buffer;
  /** Offset of the number within the body; undefined when the body is too short for one. */
  readonly numberAt: number | undefined;
  /** Offset of the part of the id that differs; undefined without ids. */
  readonly idAt: number | undefined;
  readonly randomIds: boolean;
}

/**
 * The body of a message of exactly `bytes` bytes, its number blank. Bodies that are too short to carry a number are
 * filler only.
 */
function blankBody(bytes: number): string {
  if (bytes < NUMBERED_BODY_BYTES) return 'x'.repeat(bytes);
  return BODY_HEAD + BLANK_NUMBER + BODY_MIDDLE + 'x'.repeat(bytes - NUMBERED_BODY_BYTES) + BODY_TAIL;
}

function bodyTemplate(bodyBytes: number): Template {
  const numberAt = bodyBytes < NUMBERED_BODY_BYTES ? undefined : NUMBER_OFFSET;
  return { bytes: Buffer.from(blankBody(bodyBytes)), numberAt, idAt: undefined, randomIds: false };
}

function messageTemplate(message: MessageTemplate, bodyBytes: number): Template {
  const randomIds = message.ids === 'random';
  const prefix = JSON.stringify(message.idPrefix).slice(0, -1);
  const beforeId = `{"messageId":${prefix}`;
  const blankId = randomIds ? BLANK_UUID : BLANK_NUMBER;
  const rest = JSON.stringify({
    timestamp: message.timestamp,
    senderId: message.senderId,
    targetUrl: message.targetUrl,
    headers: { 'content-type': 'application/json' },
  });
  const beforeBody = `${beforeId}${blankId}",${rest.slice(1, -1)},"body":`;
  const body = JSON.stringify(blankBody(bodyBytes));
  const isNumbered = bodyBytes >= NUMBERED_BODY_BYTES;
  return {
    bytes: Buffer.from(`${beforeBody}${body}}`),
    numberAt: isNumbered ? Buffer.byteLength(beforeBody) + body.indexOf(BLANK_NUMBER) : undefined,
    idAt: Buffer.byteLength(beforeId),
    randomIds,
  };
}

/** Bodies that are posted as they are, one a request. */
export function rawBodyWriter(bodyBytes: number): BodyWriter {
  const template = bodyTemplate(bodyBytes);
  return (first) => {
    const bytes = copyOf(template.bytes);
    fillIn(template, bytes, 0, first);
    return bytes;
  };
}

/** Requests of `POST /message` when every request has one message, else of `POST /messages`. */
export function messageBodyWriter(message: MessageTemplate, bodyBytes: number, batch: number): BodyWriter {
  const template = messageTemplate(message, bodyBytes);
  if (batch === 1) {
    return (first) => {
      const bytes = copyOf(template.bytes);
      fillIn(template, bytes, 0, first);
      return bytes;
    };
  }
  const head = '{"messages":[';
  const stride = template.bytes.length + 1;
  const ofSize = (messages: number) =>
    Buffer.from(`${head}${new Array(messages).fill(template.bytes.toString()).join(',')}]}`);
  const full = ofSize(batch);
  return (first, messages) => {
    const bytes = messages === batch ? copyOf(full) : ofSize(messages);
    for (let i = 0; i < messages; i++) fillIn(template, bytes, head.length + i * stride, first + i);
    return bytes;
  };
}

/** A copy of its own, because the socket may hold the bytes after the answer came. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length);
  bytes.copy(copy);
  return copy;
}

function fillIn(template: Template, bytes: Buffer, offset: number, number: number): void {
  if (template.numberAt !== undefined) writeNumber(bytes, offset + template.numberAt, number);
  if (template.idAt === undefined) return;
  if (template.randomIds) bytes.write(randomUUID(), offset + template.idAt, 'latin1');
  else writeNumber(bytes, offset + template.idAt, number);
}

function writeNumber(bytes: Buffer, offset: number, number: number): void {
  let rest = number;
  for (let at = offset + NUMBER_DIGITS - 1; at >= offset; at--) {
    bytes[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** The number of a message, read from the first bytes of its body; undefined when there is none. */
export function readNumber(body: Uint8Array): number | undefined {
  let number = 0;
  for (let at = NUMBER_OFFSET; at < NUMBER_OFFSET + NUMBER_DIGITS; at++) {
    const digit = (body[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}
